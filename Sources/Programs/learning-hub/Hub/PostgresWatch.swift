internal import EventLoop
internal import Observability
internal import Postgres

/// Restarts the hub's own PostgreSQL if it ends while the hub runs, as after an out-of-memory kill.
struct PostgresWatch {
    private static let pause: Duration = .milliseconds(100)
    /// More restarts within ``window`` indicate a problem that a restart does not solve.
    private static let restartsMax = 10
    private static let window: Duration = .seconds(60)

    let postgres: PrivatePostgres
    let logger = Logger(label: "up", level: .warning)

    /// Runs until the task is cancelled.
    /// - Throws: ``CommandFailure`` when the server cannot be restarted.
    func run() async throws {
        let loops = try EventLoopGroup(count: 1, name: "postgres watch")
        do {
            try await watch(on: loops.next())
        } catch {
            await loops.shutdown()
            throw error
        }
    }

    private func watch(on loop: EventLoop) async throws {
        let clock = ContinuousClock()
        var restarts: [ContinuousClock.Instant] = []
        while true {
            try await loop.sleep(for: Self.pause)
            guard postgres.hasEnded else { continue }
            restarts = restarts.filter { $0.duration(to: clock.now) < Self.window } + [clock.now]
            if restarts.count > Self.restartsMax {
                throw CommandFailure(
                    "the private PostgreSQL server ended \(restarts.count) times within \(Self.window.shown)")
            }
            logger.warning("the private PostgreSQL server ended and is restarted")
            do {
                try await postgres.restart()
            } catch {
                throw CommandFailure("the private PostgreSQL server ended and cannot be restarted: \(error)")
            }
            logger.warning("the private PostgreSQL server runs again")
        }
    }
}
