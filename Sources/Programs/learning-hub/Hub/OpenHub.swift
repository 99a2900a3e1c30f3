internal import EventLoop
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Read-only access to a hub for operators: it starts and changes nothing.
enum OpenHub {
    /// Opens the hub that the arguments name while `body` runs.
    static func with<Result: Sendable>(
        _ arguments: Arguments, _ body: (HubStore) async throws -> Result
    ) async throws -> Result {
        let loops = try EventLoopGroup(count: 1, name: "command")
        let hub = try await HubStore.look(
            try HubLocation.settings(arguments), loops, Logger(label: "command", level: .error))
        do {
            try await check(hub.database)
            let result = try await body(hub)
            await hub.close()
            return result
        } catch {
            await hub.close()
            throw error
        }
    }

    private static func check(_ database: Database) async throws {
        let isPrepared: Bool
        do {
            let rows = try await database.query(
                """
                select coalesce(to_regclass('event_log.record'), to_regclass('registry.version'), to_regclass('"user".outbox'))
                    is not null
                """)
            isPrepared = try rows.first?.decode(Bool.self) ?? false
        } catch let error as PostgresError {
            throw CommandFailure("the database of the hub cannot be used: \(error). Check that the hub runs.")
        }
        if !isPrepared {
            throw CommandFailure(
                "this database contains no hub yet. `\(Program.name) up`, `serve` or `topics apply` creates its tables."
            )
        }
    }

    static var now: Date { WallClock.date }
}
