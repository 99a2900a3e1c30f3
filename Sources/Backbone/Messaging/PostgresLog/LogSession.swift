internal import EventLoop
internal import Observability
internal import Postgres
internal import Synchronization

/// A sign of life that ends with the process: an advisory lock held by a transaction that stays open.
///
/// Such a transaction has no transaction id, but the server keeps the snapshot of its last statement: it holds vacuum back by the two
/// seconds of a round, and by thirty when the process is frozen.
/// When the process dies the server ends its connection and the lock is free: others see that by taking it. A heartbeat alone
/// would make them wait for the lease to run out.
final class LogSession: Sendable {
    /// The lock's key, and so the name of this process's log in the table of members.
    let key: Int64
    private let database: Database
    private let loop: EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    init(database: Database, loop: EventLoop, logger: Logger) {
        self.database = database
        self.loop = loop
        self.logger = logger
        key = Int64.random(in: Int64.min...Int64.max)
    }

    var isHeld: Bool { state.withLock { $0.isHeld } }

    /// Holds the lock until the task is cancelled; takes it again on a new connection when one breaks.
    func run() async throws {
        defer { release() }
        while !Task.isCancelled {
            do {
                try await database.transaction(attempts: 1) { tx in
                    // A frozen process, or one behind a cut network, loses the session as a dead one does.
                    tx.submit("set local idle_in_transaction_session_timeout = '30s'")
                    _ = try await tx.query("select pg_advisory_xact_lock(\(self.key))")
                    self.hold()
                    defer { self.release() }
                    while true {
                        try await self.loop.sleep(for: .seconds(2))
                        _ = try await tx.query("select 1")
                    }
                }
            } catch {
                if Task.isCancelled { return }
                logger.warning("event log session lost", [.error: LogValue(error)])
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
        for continuation in waiting { continuation.resume() }
    }

    private func release() { state.withLock { $0.isHeld = false } }
}
