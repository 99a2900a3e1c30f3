import HTTP
@testable import ObjectStore
import Secrets
import Testing

/// What every store does.
@Suite struct ObjectStoreTests {
    @Test(arguments: StoreKind.allCases)
    func `a stored object can be read completely and by range`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/a.txt")
            let put = try await store.put(Array("hello world".utf8), at: key, contentType: "text/plain")
            #expect(put.sizeBytes == 11)
            #expect(put.sha256 == SHA256.digest("hello world"))
            #expect(try await store.head(key) == ListedObject(key: key, sizeBytes: 11))
            let whole = try #require(try await store.get(key))
            #expect(whole.sizeBytes == 11)
            #expect(try await whole.bytes() == Array("hello world".utf8))
            for (start, count, part) in [
                (0, 5, "hello"), (6, nil, "world"), (6, 100, "world"), (10, 1, "d"), (3, 0, ""),
            ] {
                let opened = try #require(try await store.get(key, from: start, countMax: count))
                #expect(opened.sizeBytes == 11)
                #expect(opened.body.length == part.utf8.count)
                #expect(try await opened.bytes() == Array(part.utf8), "\(start), \(count ?? -1)")
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a read cannot begin after the end`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/a")
            try await store.put([1, 2, 3], at: key, contentType: "text/plain")
            for start in [3, 4, 1_000_000] {
                for count in [nil, 1, 0] {
                    await #expect(throws: ObjectStoreError.outside(sizeBytes: 3)) {
                        try await store.get(key, from: start, countMax: count)
                    }
                }
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an object can be empty`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/empty")
            let put = try await store.put([], at: key, contentType: "text/plain")
            #expect(put.sha256 == SHA256.digest(""))
            #expect(try await store.head(key)?.sizeBytes == 0)
            #expect(try await store.get(key)?.bytes() == [])
            #expect(try await store.get(key, from: 0, countMax: 5)?.bytes() == [])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a missing object is nil, and can be deleted`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/none")
            #expect(try await store.get(key) == nil)
            #expect(try await store.get(key, from: 5, countMax: 0) == nil)
            #expect(try await store.head(key) == nil)
            try await store.delete(key)
            #expect(try await store.list(prefix: prefix, after: nil, countMax: 10).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an object can be replaced and deleted`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/a")
            try await store.put([1, 2, 3], at: key, contentType: "text/plain")
            try await store.put([4], at: key, contentType: "text/plain")
            #expect(try await store.get(key)?.bytes() == [4])
            try await store.delete(key)
            #expect(try await store.get(key) == nil)
            #expect(try await store.list(prefix: prefix, after: nil, countMax: 10).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a name can have another name as prefix`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            for name in ["a", "a/b", "a/b/c"] {
                try await store.put(Array(name.utf8), at: try ObjectKey("\(prefix)/\(name)"), contentType: "text/plain")
            }
            #expect(try await store.get(try ObjectKey("\(prefix)/a"))?.bytes() == Array("a".utf8))
            #expect(try await store.get(try ObjectKey("\(prefix)/a/b"))?.bytes() == Array("a/b".utf8))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a list by prefix is ordered, page by page`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let names = ["a-1", "a/1", "a/2", "a/sub/3", "a0", "b/1"].map { "\(prefix)/\($0)" }
            for name in names.shuffled() {
                try await store.put(
                    [UInt8](repeating: 0, count: name.count), at: try ObjectKey(name), contentType: "text/plain")
            }
            let all = try await store.list(prefix: "\(prefix)/", after: nil, countMax: 1_000)
            #expect(all.map(\.key.text) == names)
            #expect(all.allSatisfy { $0.sizeBytes == $0.key.text.count })
            let folder = try await store.list(prefix: "\(prefix)/a/", after: nil, countMax: 2)
            #expect(folder.map(\.key.text) == Array(names[1...2]))
            let rest = try await store.list(prefix: "\(prefix)/a/", after: folder.last?.key, countMax: 2)
            #expect(rest.map(\.key.text) == [names[3]])
            #expect(try await store.list(prefix: "\(prefix)/c", after: nil, countMax: 2).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a body of any size is read in pieces`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/large")
            let chunks = (0..<64).map { [UInt8](repeating: UInt8($0), count: 100_000) } + [[], [1, 2, 3]]
            let whole = chunks.flatMap { $0 }
            let put = try await store.put(
                streamed(chunks), at: key, contentType: "video/mp4", sha256: SHA256.digest(whole))
            #expect(put == PutObject(sizeBytes: 6_400_003, sha256: SHA256.digest(whole)))
            #expect(try await store.get(key)?.bytes() == whole)
            #expect(try await store.get(key, from: 6_399_999, countMax: nil)?.bytes() == [63, 1, 2, 3])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an invalid body leaves the previous object unchanged`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/a")
            try await store.put([1, 2, 3], at: key, contentType: "text/plain")
            let digest = SHA256.digest([4, 5])
            let wrong: [(HTTPBody, [UInt8]?, ObjectStoreError)] = [
                (.bytes([4, 6]), digest, .wrongChecksum), (streamed([[4], [6]]), digest, .wrongChecksum),
                (streamed([[4]], length: 2), nil, .wrongLength), (streamed([[4], [5]], length: 1), nil, .wrongLength),
                (.stream(length: 0) { [4] }, nil, .wrongLength),
                (streamed([[4], [5]], breaksOff: true), digest, .bodyInterrupted), (.stream { nil }, nil, .wrongLength),
            ]
            for (body, sha256, error) in wrong {
                await #expect(throws: error) {
                    try await store.put(body, at: key, contentType: "text/plain", sha256: sha256)
                }
                #expect(try await store.get(key)?.bytes() == [1, 2, 3])
            }
            #expect(try await store.list(prefix: prefix, after: nil, countMax: 10).count == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `an open reader is not affected by later changes of the object`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let key = try ObjectKey("\(prefix)/a")
            try await store.put([1, 2, 3], at: key, contentType: "text/plain")
            let opened = try #require(try await store.get(key))
            try await store.put([4, 5, 6], at: key, contentType: "text/plain")
            #expect(try await opened.bytes() == [1, 2, 3])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `concurrent operations do not affect each other`(kind: StoreKind) async throws {
        try await kind.with { store, prefix in
            let keys = try (0..<20).map { try ObjectKey("\(prefix)/\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, key) in keys.enumerated() {
                    group.addTask {
                        let bytes = [UInt8](repeating: UInt8(index), count: 10_000)
                        try await store.put(bytes, at: key, contentType: "text/plain")
                        let read = try await store.get(key)?.bytes()
                        #expect(read == bytes)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a working store passes its check`(kind: StoreKind) async throws {
        try await kind.with { store, _ in try await store.check() }
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", ".a", "a/.b", "a b", "a\\b", "a%2Fb", "a=b",
        "ä", "a\u{0}",
        "a\n", "~", "a:b", String(repeating: "a", count: 201),
    ])
    func `a name with a meaning to a file system or URL is refused`(name: String) {
        #expect(throws: ObjectStoreError.badKey) { try ObjectKey(name) }
    }

    @Test func `plain names are accepted up to the maximum length`() throws {
        for name in ["a", "certificates/cert_01.pdf", "a-b_c.d/E/0", String(repeating: "a", count: 200)] {
            #expect(try ObjectKey(name).text == name)
        }
    }
}
