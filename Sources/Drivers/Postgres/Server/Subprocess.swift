internal import CPostgres

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

/// A program started by us. Of our environment it gets what a program needs to run, and no setting: those may be secrets, which the
/// system shows to whoever may look at the process. Everything here blocks: run it on a thread of its own.
struct Subprocess {
    let id: Int32

    /// - Parameters:
    ///   - user: whom it runs as; nil is the user of this process.
    ///   - log: a file its output is appended to; nil drops it.
    static func start(_ command: [String], as user: String?, log: String?) throws(PostgresError) -> Subprocess {
        var output: Int32 = -1
        if let log {
            output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            if output < 0 { throw PostgresError(.startup, "\(log) cannot be written") }
        }
        defer { if output >= 0 { close(output) } }
        guard let program = command.first else { throw PostgresError(.startup, "no program to start") }
        let id = withCStrings(command) { arguments in
            withCStrings(environment()) { hub_process_start(program, arguments, $0, user, output) }
        }
        if id < 0 {
            throw PostgresError(.startup, "\(program) cannot be started: \(String(cString: strerror(errno)))")
        }
        return Subprocess(id: id)
    }

    private static func environment() -> [String] {
        ProcessInfo.processInfo.environment
            .filter { passedOn.contains($0.key) || $0.key.hasPrefix("LC_") }
            .map { "\($0.key)=\($0.value)" }
    }

    private static let passedOn: Set = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"]

    /// nil while it runs. A process that is not our child has no status we could learn: it counts as ended with 0.
    func status() -> Int32? {
        var status: Int32 = 0
        switch hub_process_poll(id, &status) {
        case 0: return nil
        case 1: return status
        default: return kill(id, 0) == 0 || errno == EPERM ? nil : 0
        }
    }

    /// nil when it has not ended in time.
    func wait(within limit: Duration) -> Int32? {
        let end = ContinuousClock.now + limit
        while true {
            if let status = status() { return status }
            if ContinuousClock.now >= end { return nil }
            usleep(5_000)
        }
    }

    /// What a short program writes.
    static func output(_ command: [String]) throws -> String {
        var path = Array("/tmp/hub-output-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw PostgresError(.startup, "no temporary file") }
        close(descriptor)
        let file = path.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        defer { unlink(file) }
        let process = try start(command, as: nil, log: file)
        guard process.wait(within: .seconds(10)) == 0 else { throw PostgresError(.startup, "\(command) failed") }
        return String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    }
}
