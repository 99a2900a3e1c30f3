internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The folder `up` keeps everything in: the database, files, generated secrets, a lock, and a note that lets other commands find the hub.
struct DataFolder {
    /// Absolute: the database server runs in another folder.
    let path: String

    init(_ path: String) {
        let here = FileManager.default.currentDirectoryPath
        self.path = path.hasPrefix("/") ? path : (here == "/" ? "" : here) + "/" + path
    }

    var postgres: String { path + "/postgres" }
    /// Whether a hub with a private database server has run here.
    var hasDatabase: Bool { FileManager.default.fileExists(atPath: postgres + "/data/PG_VERSION") }
    /// Files, while no bucket is set.
    var objects: String { path + "/objects" }
    private var lockFile: String { path + "/hub.lock" }
    private var noteFile: String { path + "/hub.json" }
    private var secretsFile: String { path + "/secrets.json" }

    /// Creates the folder and holds its lock until the process ends.
    /// - Throws: ``CommandFailure`` when another hub holds it.
    func lock() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let cause = (error as? CocoaError)?.underlying as? POSIXError
            // Of a file with this name.
            let isTaken = cause?.code == .EEXIST || cause?.code == .ENOTDIR
            let reason = isTaken ? "it is not a folder" : cause.map { String(cString: strerror($0.code.rawValue)) }
            throw CommandFailure(
                "the data folder \(path) cannot be created: \(reason ?? "\(error)"). Choose another folder with --data, or run this as a user who can write there."
            )
        }
        let descriptor = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(lockFile) cannot be opened: \(reason())\(remedy)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        close(descriptor)
        let note = try? readNote()
        let which = note.map { " (process \($0.pid), \($0.address))" } ?? ""
        throw CommandFailure(
            "a hub already runs on \(path)\(which). Stop it first, or use another folder with --data.")
    }

    /// Whether a hub runs on this folder now.
    var isLocked: Bool {
        let descriptor = open(lockFile, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }

    // MARK: The note

    /// How to reach the hub that runs here.
    struct Note: Codable {
        var pid: Int32
        var address: String
        var port: Int
        var databaseURL: String
    }

    /// nil when no hub runs here, or it is still starting.
    /// - Throws: ``CommandFailure`` when it cannot be read, as in the folder of another user.
    func readNote() throws -> Note? { try read(Note.self, from: noteFile) }

    func write(_ note: Note) throws { try write(note, to: noteFile) }

    func removeNote() { unlink(noteFile) }

    // MARK: Secrets

    /// Generated settings of this folder, used unless set; the same at each start.
    func secrets() throws -> [String: String] {
        if let known = try read([String: String].self, from: secretsFile) { return known }
        let made = ["HUB_IDENTITY_SECRET": SecureRandom.token()]
        try write(made, to: secretsFile)
        return made
    }

    /// - Returns: nil when there is no such file.
    private func read<Value: Decodable>(_ type: Value.Type, from file: String) throws -> Value? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw CommandFailure("\(file) cannot be read: \(reason())\(remedy)")
        }
        close(descriptor)
        guard let data = FileManager.default.contents(atPath: file),
            let value = try? JSONDecoder().decode(type, from: data)
        else {
            throw CommandFailure(
                "\(file) is damaged. Remove it; `up` then creates a new one. After a new secrets.json all people must log in again."
            )
        }
        return value
    }

    /// Atomic, and readable by this user only: it holds secrets.
    private func write(_ value: some Encodable, to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(value))
        let temporary = file + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(temporary) cannot be written: \(reason())") }
        let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
        guard fsync(descriptor) == 0, close(descriptor) == 0, written == bytes.count, rename(temporary, file) == 0
        else {
            throw CommandFailure("\(file) cannot be written: \(reason())")
        }
    }

    private func reason() -> String { String(cString: strerror(errno)) }

    /// What to do about the last errno of an open.
    private var remedy: String {
        switch errno {
        case EACCES: ". Run this as the user whose hub it is."
        case ENOTDIR: ". The data folder must be a folder."
        default: ""
        }
    }
}
