internal import EventLoop
internal import Observability
internal import Postgres
internal import Synchronization

/// A sign of life that ends with the process: an advisory lock held by a session of its own.
///
/// When the process dies the server ends its connection and the lock is free: others see that by taking it. A heartbeat alone
/// would make them wait for the lease to run out.
final class LogSession: Sendable {
    /// The lock's key, and so the name of this process's log in the table of members.
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

    /// - Parameter silenceMax: a frozen process, or one behind a cut network, loses the session after so long, as a dead one does.
    init(database: Database, loop: EventLoop, silenceMax: Duration, logger: Logger) {
        self.database = database
        self.silenceMax = silenceMax
        self.loop = loop
        outage = OutageLog(
            logger, failing: "the event log session is lost", over: "the event log session is held again")
        key = Int64.random(in: Int64.min...Int64.max)
    }

    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// Holds the lock until the task is cancelled; takes it again on a new connection when one breaks.
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
