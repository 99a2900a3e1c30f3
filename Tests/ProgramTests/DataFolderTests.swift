import Foundation
import Testing

@testable import learning_hub

@Suite struct DataFolderTests {
    private func with(_ body: (DataFolder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(DataFolder(path))
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `a second hub on the same folder gets the process and address of the first`() throws {
        try with { folder in
            #expect(!folder.isLocked)
            try folder.lock()
            #expect(folder.isLocked)
            try folder.write(
                DataFolder.Note(
                    pid: 42, address: "http://127.0.0.1:3000", port: 3000, databaseURL: ""))
            let error = try #require(throws: CommandFailure.self) { try folder.lock() }
            #expect(error.description.contains("a hub already runs on \(folder.path)"))
            #expect(error.description.contains("process 42, http://127.0.0.1:3000"))
        }
    }

    @Test func `secrets are created once, readable only by the owner`() throws {
        try with { folder in
            try folder.lock()
            let secrets = try folder.secrets()
            #expect((secrets["HUB_IDENTITY_SECRET"]?.count ?? 0) >= 43)
            #expect(try folder.secrets() == secrets)
            #expect(try mode(folder.path + "/secrets.json") == 0o600)
        }
    }

    @Test func `the note of a running hub is read as written, and removed`() throws {
        try with { folder in
            try folder.lock()
            let note = DataFolder.Note(
                pid: 1, address: "http://[::1]:1", port: 1, databaseURL: "postgres://a:b@c/d")
            try folder.write(note)
            #expect(try mode(folder.path + "/hub.json") == 0o600)
            #expect(try folder.readNote()?.databaseURL == note.databaseURL)
            folder.removeNote()
            #expect(try folder.readNote() == nil)
        }
    }

    @Test func `an unreadable note is an error, not a missing note`() throws {
        try with { folder in
            try folder.lock()
            #expect(symlink("hub.json", folder.path + "/hub.json") == 0)
            let error = try #require(throws: CommandFailure.self) { try folder.readNote() }
            #expect(error.description.hasPrefix("\(folder.path)/hub.json cannot be read: "))
        }
    }
}
