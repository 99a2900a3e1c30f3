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

/// Access to a hub for operators.
enum OpenHub {
    /// Opens the hub that the arguments name while `body` runs. Starts and changes nothing.
    static func with<Result: Sendable>(
        _ arguments: Arguments, _ body: (HubStore) async throws -> Result
    ) async throws -> Result {
        try await with(try HubLocation.settings(arguments), body)
    }

    /// The same for a command that needs stopped services: while `body` runs, it starts the private database server of a stopped hub.
    static func whileStopped<Result: Sendable>(
        _ arguments: Arguments, _ body: (HubStore) async throws -> Result
    ) async throws -> Result {
        guard let folder = try HubLocation.stoppedFolder(arguments) else { return try await with(arguments, body) }
        // No hub starts meanwhile.
        try folder.lock()
        let server = try await PrivatePostgres.start(.init(folder: folder.postgres))
        let result = await outcome {
            try await with(
                try HubSettings.read(commandLine: [PlatformSettings.databaseURL.name: server.url()]), body)
        }
        await server.stop()
        return try result.get()
    }

    private static func with<Result: Sendable>(
        _ settings: Settings, _ body: (HubStore) async throws -> Result
    ) async throws -> Result {
        let loops = try EventLoopGroup(count: 1, name: "command")
        let hub = try await HubStore.look(settings, loops, Logger(label: "command", level: .error))
        do {
            try await check(hub.database, isNamed: HubSettings.namesDatabase)
            let result = try await body(hub)
            await hub.close()
            return result
        } catch {
            await hub.close()
            throw error
        }
    }

    /// - Parameter isNamed: DATABASE_URL names the database.
    private static func check(_ database: Database, isNamed: Bool) async throws {
        let isPrepared: Bool
        do {
            let rows = try await database.query(
                """
                select to_regclass('hub.process') is not null
                """)
            isPrepared = try rows.first?.decode(Bool.self) ?? false
        } catch let error as PostgresError {
            let name = PlatformSettings.databaseURL.name
            let remedy =
                isNamed
                ? "Start its server, correct \(name), or create the database."
                : error.message.contains("authentication failed")
                    ? "Run this as the user whose hub it is." : "Check that the hub runs."
            throw CommandFailure("the database of the hub cannot be used: \(error.message). \(remedy)")
        }
        if !isPrepared {
            throw CommandFailure(
                "this database contains no hub yet. Correct \(PlatformSettings.databaseURL.name) or --data, or create a hub in it: `\(Program.name) up`, `serve` or `topics apply`."
            )
        }
    }

    static var now: Date { WallClock.date }
}
