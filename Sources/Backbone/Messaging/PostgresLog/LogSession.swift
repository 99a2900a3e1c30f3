internal import EventLoop
internal import Observability
internal import Postgres
internal import Synchronization

/// Detects the end of a process: an advisory lock held in a dedicated session.
///
/// When the process dies, the server closes its connection and releases the lock; others detect this by acquiring it. With a heartbeat
/// alone, they would have to wait until the lease expires.
final class LogSession: Sendable {
    /// The lock's key, which identifies this process in the table of members.
    let key: Int64
    private let database: Database
    private let loop: EventLoop
    private let outage: OutageLog
    private let silenceMax: Duration
    private let state = Mutex(State())

    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// - Parameter silenceMax: the session timeout, after which a frozen or disconnected process also loses the lock.
    init(database: Database, loop: EventLoop, silenceMax: Duration, logger: Logger) {
        self.database = database
        self.silenceMax = silenceMax
        self.loop = loop
        outage = OutageLog(
            logger, failing: "the event log session is lost", over: "the event log session is held again")
        key = Int64.random(in: Int64.min...Int64.max)
    }

    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// Holds the lock until the task is cancelled; acquires it again on a new connection after a loss.
    func run() async throws {
        defer { release() }
        let lock = SessionLock(key: "\(key)", silenceMax: silenceMax, askInterval: .milliseconds(200))
        while !Task.isCancelled {
            do {
                try await lock.hold(on: database, loop) { _ in
                    self.hold()
                    defer { self.release() }
                    while true { try await self.loop.sleep(for: .seconds(3_600)) }
                }
            } catch {
                if Task.isCancelled { return }
                outage.failed([.error: LogValue(error)])
                try await loop.sleep(for: .milliseconds(200))
            }
        }
    }

    private func hold() {
        let waiting = state.withLock { state in
            state.isHeld = true
            defer { state.waiting = [] }
            return state.waiting
        }
        outage.succeeded()
        for continuation in waiting { continuation.resume() }
    }

    private func release() { state.withLock { $0.isHeld = false } }
}
