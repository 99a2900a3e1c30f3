internal import Contracts
internal import EventLoop
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres
internal import SchemaRegistry

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A hub as an operator looks at it: its database, its log and its schemas. Looking starts nothing and changes nothing.
struct OpenHub: Sendable {
    let settings: Settings
    let loops: EventLoopGroup
    let database: Database
    let log: any EventLog
    let registry: any SchemaRegistry
    let codec: EventCodec

    /// Opens the hub the arguments name for the time of `body`.
    static func with<Result: Sendable>(
        _ arguments: Arguments, _ body: (OpenHub) async throws -> Result
    ) async throws -> Result {
        try await with(try HubLocation.settings(arguments), body)
    }

    static func with<Result: Sendable>(
        _ settings: Settings, _ body: (OpenHub) async throws -> Result
    ) async throws -> Result {
        let loops = try EventLoopGroup(count: 1, name: "command")
        let database = Database(
            url: try settings.value(PlatformSettings.databaseURL).settingText, loops: loops,
            configuration: .init(
                connectionsPerLoop: 4, statementTimeout: .seconds(60), applicationName: "learning-hub command"))
        do {
            try await check(database)
            let log = PostgresLog(
                database: database, loops: loops, logger: Logger(label: "command", level: .error))
            let registry = PostgresSchemaRegistry(database: database)
            let hub = OpenHub(
                settings: settings, loops: loops, database: database, log: log, registry: registry,
                codec: EventCodec(registry: registry))
            let result = try await body(hub)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }

    private static func check(_ database: Database) async throws {
        let isPrepared: Bool
        do {
            let rows = try await database.query(
                "select to_regclass('event_log.record') is not null and to_regclass('registry.version') is not null")
            isPrepared = try rows.first?.decode(Bool.self) ?? false
        } catch let error as PostgresError {
            throw CommandFailure("the hub's database does not answer: \(error). Is the hub running?")
        }
        if !isPrepared {
            throw CommandFailure(
                "this database holds no hub yet. `\(Program.name) up`, `serve` or `topics apply` prepares it.")
        }
    }

    static var now: Date { WallClock.date }
}
