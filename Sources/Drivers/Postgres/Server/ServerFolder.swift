internal import Subprocess

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

/// The folder of a private server: its data, log and socket, and their owner.
struct ServerFolder {
    let path: String
    /// PostgreSQL refuses to run as root; in that case the server runs as this user, who also owns the files.
    let user: String?

    var data: String { path + "/data" }
    var unfinishedData: String { path + "/data.new" }
    var log: String { path + "/server.log" }

    /// A socket path may have at most 107 bytes, including `/.s.PGSQL.65535`.
    private static let socketFolderBytesMax = 107 - 15

    init(path: String) throws(PostgresError) {
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        user = geteuid() == 0 ? "postgres" : nil
        if let user, SystemUser(named: user) == nil {
            throw PostgresError(
                .startup,
                "PostgreSQL does not run as root and there is no user 'postgres' to run it as: install postgresql")
        }
    }

    /// Beside the data when the path is short enough, otherwise in /tmp under a name derived from the path.
    var socketFolder: String {
        let near = path + "/socket"
        if near.utf8.count <= Self.socketFolderBytesMax { return near }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "/tmp/learning-hub-\(String(hash, radix: 16))"
    }

    var isInitialised: Bool { FileManager.default.fileExists(atPath: data + "/PG_VERSION") }

    /// The major version of the PostgreSQL that wrote the data.
    var majorVersion: Int? {
        guard let text = Self.read(data + "/PG_VERSION") else { return nil }
        return Int(text.prefix { $0.isNumber })
    }

    /// Creates the folder. The server's user can traverse it but not list it.
    func make() throws(PostgresError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw PostgresError(.startup, "cannot create the folder \(path)")
        }
        if user != nil { chmod(path, 0o711) }
        try own(socketFolder)
    }

    /// Creates a folder that only the server's user can enter. An existing folder must already have that owner and mode, because any user
    /// could have created it in /tmp.
    func own(_ folder: String) throws(PostgresError) {
        let other = user.flatMap(SystemUser.init)
        if mkdir(folder, 0o700) == 0 {
            if let other, chown(folder, other.id, other.groupID) != 0 {
                throw PostgresError(.startup, "\(folder) cannot be given away")
            }
            return
        }
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == other?.id ?? geteuid(),
            status.st_mode & 0o077 == 0
        else {
            throw PostgresError(
                .startup,
                "\(folder) belongs to another user, or others can enter it: run this as its owner, or choose another folder"
            )
        }
    }

    /// Whether the server's user can reach the folder.
    func checkReachable() throws(PostgresError) {
        guard let user else { return }
        var ancestor = path
        while ancestor.count > 1 {
            var status = stat()
            if stat(ancestor, &status) == 0, status.st_mode & 0o001 == 0 {
                throw PostgresError(
                    .startup,
                    "PostgreSQL runs as the user '\(user)', who cannot enter \(ancestor): choose another data folder"
                )
            }
            ancestor = String(ancestor[..<(ancestor.lastIndex(of: "/") ?? ancestor.startIndex)])
        }
    }

    // MARK: The running server

    struct Running {
        let process: Int32
        let port: Int
        let socketFolder: String
        let isReady: Bool
    }

    /// The process id in `postmaster.pid` when that process is alive and is a server of this folder.
    func running() -> Running? {
        guard let text = Self.read(data + "/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, let process = Int32(lines[0]), process > 1, let port = Int(lines[3]) else { return nil }
        // A killed child process remains a zombie until its parent waits for it.
        guard DetachedProcess(id: process).status() == nil, worksHere(process) else { return nil }
        let isReady = lines.count >= 8 && lines[7].hasPrefix("ready")
        return Running(process: process, port: port, socketFolder: String(lines[4]), isReady: isReady)
    }

    /// After a crash or reboot the process id may belong to another program.
    private func worksHere(_ process: Int32) -> Bool {
        #if os(Linux)
        var here = stat(), there = stat()
        // A server's working directory is its data folder.
        return stat(data, &here) == 0 && stat("/proc/\(process)/cwd", &there) == 0
            && here.st_ino == there.st_ino && here.st_dev == there.st_dev
        #else
        return true
        #endif
    }

    /// PostgreSQL treats any process of its user whose id is in the lock file as a running server. When we know that it is not, we write
    /// our own process id, which PostgreSQL ignores because it is the parent's. The rest of the lock file stays: the server uses it to
    /// detect processes of its predecessor.
    func excuseStaleLock() throws(PostgresError) {
        // The lock file of the socket guards a folder that only this server uses.
        unlink(socketFolder + "/.s.PGSQL.5432.lock")
        let lock = data + "/postmaster.pid"
        guard let text = Self.read(lock) else { return }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let process = lines.first.flatMap({ Int32($0) }), process > 1, process != getpid(), kill(process, 0) == 0
        else { return }
        do {
            let excused = (["\(getpid())"] + lines.dropFirst()).joined(separator: "\n")
            try Data(excused.utf8).write(to: URL(filePath: lock))
        } catch {
            throw PostgresError(.startup, "\(lock) is stale and cannot be written")
        }
    }

    /// The end of the log, for the error message of a failed start.
    func endOfLog() -> String {
        let lines = (Self.read(log) ?? "").split(separator: "\n").suffix(3)
        return lines.joined(separator: " | ")
    }

    static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
