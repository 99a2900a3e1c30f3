internal import EventLoop
internal import Postgres

/// An advisory lock that lives as long as a connection to the server.
///
/// When its holder's process dies, the connection ends and the lock is free. A process that froze, or is cut off, keeps its
/// connection: the server ends one that has been silent for ``silenceMax``, so the holder says something now and then whatever it waits
/// for. Between its statements the holder has no transaction
/// open, and so has who waits: waiting within a statement would keep that statement's snapshot, and hold vacuum back.
struct SessionLock: Sendable {
    /// An expression of type `bigint`.
    let key: SQL
    /// How long a holder that says nothing keeps the lock.
    let silenceMax: Duration
    /// Who waits asks this often, on average: each wait is half as long to half as long again, so that many do not ask at once.
    let askInterval: Duration

    /// Waits for the lock and runs `body` on the session that holds it. The lock is free when the session has ended.
    func hold(
        on database: Database, _ loop: EventLoop, _ body: @escaping @Sendable (Session) async throws -> Void
    ) async throws {
        try await database.session { session in
            let silence = "\(max(1, silenceMax.milliseconds))ms"
            _ = try await session.query("select set_config('idle_session_timeout', \(silence), false)")
            while !(try await isTaken(by: session)) {
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
