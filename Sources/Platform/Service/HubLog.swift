internal import EventLoop
internal import Kafka
internal import Messaging
internal import Observability
internal import Postgres

/// Selects the event log: an Apache Kafka cluster if one is configured, else the hub's database.
enum HubLog {
    /// Read-only: creates nothing.
    /// - Parameter database: as the login of `DATABASE_URL`.
    static func look(
        _ settings: Settings, _ database: Database, _ loops: EventLoopGroup, _ logger: Logger
    ) throws -> any EventLog {
        var limits = KafkaLog.Limits()
        // An operator waits and can retry.
        limits.requestMax = .seconds(5)
        return try kafka(settings, limits, loops, logger)
            ?? PostgresLog(database: database, loops: loops, logger: logger)
    }

    /// For the hub's processes: migrates the schema of a log in the database.
    static func prepare(
        _ settings: Settings, owner: Database, _ url: String, _ loops: EventLoopGroup, _ logger: Logger
    ) async throws -> any EventLog {
        if let log = try kafka(settings, .init(), loops, logger) { return log }
        let schema = ServiceSchema(name: PostgresLog.schema)
        let role = try await schema.prepare([PostgresLog.migrations], as: owner)
        let database = Database(
            url: url, loops: loops,
            configuration: .init(
                connectionsPerLoop: ConnectionBudget.ofLogPerLoop, applicationName: "hub-log", schema: schema.name,
                role: role))
        return PostgresLog(database: database, loops: loops, logger: logger)
    }

    private static func kafka(
        _ settings: Settings, _ limits: KafkaLog.Limits, _ loops: EventLoopGroup, _ logger: Logger
    ) throws -> KafkaLog? {
        guard let servers = try settings.optional(KafkaSettings.bootstrapServers) else { return nil }
        var configuration = KafkaConfiguration(
            bootstrapServers: servers, clientID: try settings.value(KafkaSettings.clientID))
        configuration.producer.compression = try settings.value(KafkaSettings.compression).rawValue
        configuration.producer.linger = try settings.value(KafkaSettings.linger)
        var limits = limits
        limits.instanceID = try settings.optional(KafkaSettings.instanceID)
        return try KafkaLog(configuration, loops: loops, limits: limits, logger: logger)
    }
}
