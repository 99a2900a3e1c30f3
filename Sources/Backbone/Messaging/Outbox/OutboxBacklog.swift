public import Observability
public import Postgres

/// Metrics of unsent events in a service's outbox, whichever process runs its relay.
public struct OutboxBacklog: Sendable {
    private let count, oldest: Gauge
    private let database: Database

    /// - Parameter database: contains the service's schema.
    public init(_ metrics: Metrics, of database: Database) {
        count = metrics.gauge("outbox_events_waiting", help: "Events that the log has not acknowledged yet.")
        oldest = metrics.gauge(
            "outbox_oldest_seconds", help: "Age of the oldest event that the log has not acknowledged, 0 without one.")
        self.database = database
    }

    /// NaN while the database does not respond.
    public func measure() async throws {
        count.set(.nan)
        oldest.set(.nan)
        let rows = try await database.query(
            """
            select count(*), coalesce(extract(epoch from clock_timestamp() - min(created_at))::float8, 0) from outbox
            """)
        guard let (waiting, age) = try rows.first?.decode(Int64.self, Double.self) else { return }
        count.set(Double(waiting))
        oldest.set(age)
    }
}
