internal import EventLoop
internal import Postgres

/// An advisory lock bound to a connection.
///
/// When the holder's process dies, the connection ends and the lock is released. A frozen or disconnected process keeps its connection
/// open, so the server closes a session that has been silent for ``silenceMax``; the holder sends a statement periodically. Neither
/// holder nor waiters keep a transaction open between statements: waiting within a statement would keep its snapshot and delay vacuum.
struct SessionLock: Sendable {
    /// An expression of type `bigint`.
    let key: SQL
    /// The session timeout: how long a silent holder keeps the lock.
    let silenceMax: Duration
    /// The average polling interval of waiters. Each wait is 50 to 150 % of it, so that waiters do not poll at the same time.
    let askInterval: Duration

    /// Waits for the lock and runs `body` with the session that holds it. The lock is released when the session ends.
    /// - Parameter onAnswer: called each time the server has answered whether the lock is free.
    func hold(
        on database: Database, _ loop: EventLoop, onAnswer: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable (Session) async throws -> Void
    ) async throws {
        try await database.session { session in
            let silence = "\(max(1, silenceMax.milliseconds))ms"
            _ = try await session.query("select set_config('idle_session_timeout', \(silence), false)")
            while true {
                let isTaken = try await isTaken(by: session)
                onAnswer()
                if isTaken { break }
                try await loop.sleep(for: askInterval * Double.random(in: 0.5...1.5))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await body(session) }
                group.addTask { try await stayAlive(session, loop) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func stayAlive(_ session: Session, _ loop: EventLoop) async throws {
        while true {
            try await loop.sleep(for: min(.seconds(2), silenceMax / 4))
            _ = try await session.query("select 1")
        }
    }

    private func isTaken(by session: Session) async throws -> Bool {
        try await session.query("select pg_try_advisory_lock(\(key))").first?.decode(Bool.self) ?? false
    }
}
