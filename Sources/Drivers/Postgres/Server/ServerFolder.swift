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

/// The folder of a private server: where its data, its log and its socket are, and whose they are.
struct ServerFolder {
    let path: String
    /// PostgreSQL refuses to run as root: then the server runs as this user, and its files are that user's.
    let user: String?

    var data: String { path + "/data" }
    var unfinishedData: String { path + "/data.new" }
    var log: String { path + "/server.log" }

    /// The longest path a socket may have is 107 bytes, and `/.s.PGSQL.65535` goes behind the folder.
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

    /// Beside the data when the path is short enough, else in /tmp under a name made from the path.
    var socketFolder: String {
        let near = path + "/socket"
        if near.utf8.count <= Self.socketFolderBytesMax { return near }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "/tmp/learning-hub-\(String(hash, radix: 16))"
    }

    var isInitialised: Bool { FileManager.default.fileExists(atPath: data + "/PG_VERSION") }

    /// Of the PostgreSQL that wrote the data.
    var majorVersion: Int? {
        guard let text = Self.read(data + "/PG_VERSION") else { return nil }
        return Int(text.prefix { $0.isNumber })
    }

    /// Makes the folder. The server's user must be able to pass through it, and see nothing in it.
    func make() throws(PostgresError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw PostgresError(.startup, "the folder \(path) cannot be made")
        }
        if user != nil { chmod(path, 0o711) }
        try own(socketFolder)
    }

    /// Makes a folder that only the server's user can enter. One that is there already must be just that: in /tmp anybody
    /// could have put it there.
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
        else { throw PostgresError(.startup, "\(folder) is there already and not only ours: remove it") }
    }

    /// Whether the server's user can reach the folder at all.
    func checkReachable() throws(PostgresError) {
        guard let user else { return }
        var ancestor = path
        while ancestor.count > 1 {
            var status = stat()
            if stat(ancestor, &status) == 0, status.st_mode & 0o001 == 0 {
                throw PostgresError(
                    .startup,
                    "the user '\(user)', whom PostgreSQL runs as, may not pass through \(ancestor): choose another folder"
                )
            }
            ancestor = String(ancestor[..<(ancestor.lastIndex(of: "/") ?? ancestor.startIndex)])
        }
    }

    // MARK: A server that runs here

    struct Running {
        let process: Int32
        let port: Int
        let socketFolder: String
        let isReady: Bool
    }

    /// What `postmaster.pid` says, when its process is alive and really a server of this folder.
    func running() -> Running? {
        guard let text = Self.read(data + "/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, let process = Int32(lines[0]), process > 1, let port = Int(lines[3]) else { return nil }
        // A child of ours that was killed stays a process until somebody asks for its end.
        guard DetachedProcess(id: process).status() == nil, worksHere(process) else { return nil }
        let isReady = lines.count >= 8 && lines[7].hasPrefix("ready")
        return Running(process: process, port: port, socketFolder: String(lines[4]), isReady: isReady)
    }

    /// After a crash and a restart of the machine the number may be another program's.
    private func worksHere(_ process: Int32) -> Bool {
        #if os(Linux)
        var here = stat(), there = stat()
        // A server's working directory is its data.
        return stat(data, &here) == 0 && stat("/proc/\(process)/cwd", &there) == 0
            && here.st_ino == there.st_ino && here.st_dev == there.st_dev
        #else
        return true
        #endif
    }

    /// PostgreSQL takes any process of its user with the number in the lock for a server that runs. When we know better, our own
    /// number is put there: that of its parent it passes over. The rest of the lock stays; by it the server finds out whether
    /// processes of its predecessor are still at work.
    func excuseStaleLock() throws(PostgresError) {
        // That of the socket guards a folder only this server uses.
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

    /// The end of the log, for the message of a server that does not start.
    func endOfLog() -> String {
        let lines = (Self.read(log) ?? "").split(separator: "\n").suffix(3)
        return lines.joined(separator: " | ")
    }

    static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
