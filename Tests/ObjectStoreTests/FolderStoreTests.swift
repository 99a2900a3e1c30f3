import EventLoop
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Testing

@Suite struct FolderStoreTests {
    private func with(_ body: (FolderStore, TestFolder) async throws -> Void) async throws {
        try await TestFolder.with { folder in
            try await body(FolderStore(path: folder.path, pool: try .forTests.get()), folder)
        }
    }

    @Test func `a folder is created with the first object`() async throws {
        try await with { store, folder in
            #expect(try await store.list(prefix: "", after: nil, countMax: 10).isEmpty)
            #expect(try await store.get(try ObjectKey("a")) == nil)
            #expect(!FileManager.default.fileExists(atPath: folder.path))
            try await store.put([1], at: try ObjectKey("a/b"), contentType: "text/plain")
            #expect(try folder.names == ["a=b"])
        }
    }

    @Test func `only this user can read the folder`() async throws {
        try await with { store, folder in
            try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain")
            let modes = try [folder.path, "\(folder.path)/a"].map {
                try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int
            }
            #expect(modes == [0o700, 0o600])
        }
    }

    @Test func `an incomplete object has no name, and disappears with its writer`() async throws {
        try await with { store, folder in
            try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain")
            let gate = Gate()
            let task = Task { [store] in
                try await store.put(
                    .stream(length: 3) {
                        await gate.wait()
                        return [1]
                    }, at: try ObjectKey("b"), contentType: "text/plain", sha256: nil)
            }
            try await eventually { try folder.names.count == 2 }
            #expect(try await store.list(prefix: "", after: nil, countMax: 10).map(\.key.text) == ["a"])
            #expect(try await store.head(try ObjectKey("b")) == nil)
            task.cancel()
            gate.open()
            _ = await task.result
            try await eventually { try folder.names == ["a"] }
        }
    }

    @Test func `files of a killed process are deleted after a day, files in use are not`()
        async throws
    {
        try await with { store, folder in
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
            for (name, age) in [(".draft-old", 25.0), (".draft-new", 23.0), ("kept", 25.0)] {
                let path = "\(folder.path)/\(name)"
                #expect(FileManager.default.createFile(atPath: path, contents: Data([1])))
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -age * 3_600)], ofItemAtPath: path)
            }
            try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain")
            #expect(try folder.names == [".draft-new", "a", "kept"])
        }
    }

    @Test func `foreign files are ignored`() async throws {
        try await with { store, folder in
            try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain")
            #expect(FileManager.default.createFile(atPath: "\(folder.path)/not an object", contents: Data([1])))
            #expect(try await store.list(prefix: "", after: nil, countMax: 10).map(\.key.text) == ["a"])
        }
    }

    @Test func `a folder that cannot be created is unavailable, with the reason`() async throws {
        let store = FolderStore(path: "/dev/null/objects", pool: try .forTests.get())
        let expected = ObjectStoreError.unavailable("cannot create the folder: Not a directory")
        await #expect(throws: expected) { try await store.check() }
        await #expect(throws: expected) { try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain") }
    }

    @Test func `a folder has no addresses for objects`() async throws {
        try await with { store, _ in
            let key = try ObjectKey("a")
            #expect(store.address(of: key, for: .seconds(60)) == nil)
        }
    }
}
