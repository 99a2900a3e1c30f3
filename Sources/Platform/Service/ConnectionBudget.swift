public import Postgres

/// Distributes the database connections that a process may open.
///
/// Each service has a pool on each loop. In addition, there are the pools that all services share, and one listening connection for
/// each database.
public struct ConnectionBudget: Sendable, Equatable {
    /// Maximum connections of a service, on each loop.
    public let perServiceAndLoop: Int
    /// Maximum connections of the whole process.
    public let total: Int

    static let ofLogPerLoop = 8
    static let ofHubPerLoop = 4
    static let ofRegistryPerLoop = 2
    /// One shared by single statements, one for a request's transaction, and one for a consumer's.
    static let perServiceAndLoopMin = 3
    /// More do not increase throughput.
    static let perServiceAndLoopMax = 8
    /// Left free on the server for commands.
    static let ofCommands = 10

    /// - Parameters:
    ///   - limit: connections that the process may open; nil for the useful maximum.
    ///   - loopCount: threads of the process.
    /// - Throws: ``SettingsError`` when they are too few for the services.
    public init(limit: Int?, serviceCount: Int, loopCount: Int) throws(SettingsError) {
        let shared = (Self.ofLogPerLoop + Self.ofHubPerLoop + Self.ofRegistryPerLoop) * loopCount + serviceCount + 1
        let pools = max(1, serviceCount * loopCount)
        let most = shared + Self.perServiceAndLoopMax * pools
        perServiceAndLoop = min(((limit ?? most) - shared) / pools, Self.perServiceAndLoopMax)
        total = shared + perServiceAndLoop * pools
        if perServiceAndLoop < Self.perServiceAndLoopMin {
            let least = shared + Self.perServiceAndLoopMin * pools
            throw .invalid(
                name: PlatformSettings.databaseConnections.name,
                expected: "at least \(least), for \(serviceCount) services on \(loopCount) threads")
        }
    }

    /// The budget of a process with `settings`.
    /// - Throws: ``SettingsError``.
    public init(_ settings: Settings, serviceCount: Int) throws(SettingsError) {
        try self.init(
            limit: try settings.optional(PlatformSettings.databaseConnections), serviceCount: serviceCount,
            loopCount: try settings.value(PlatformSettings.loopCount))
    }

    /// The budget of a process with `settings` on a server that allows `allowed` connections: smaller if the server allows fewer than are
    /// of use.
    /// - Throws: ``SettingsError``; ``StartError/database(_:)`` when the server allows too few for the services.
    public init(_ settings: Settings, serviceCount: Int, allowed: Int) throws {
        let wanted = try ConnectionBudget(settings, serviceCount: serviceCount)
        let room = allowed - Self.ofCommands
        if wanted.total <= room {
            self = wanted
            return
        }
        let loopCount = try settings.value(PlatformSettings.loopCount)
        do {
            try self.init(limit: room, serviceCount: serviceCount, loopCount: loopCount)
        } catch {
            let enough = (wanted.total + Self.ofCommands + 99) / 100 * 100
            throw StartError.database(
                "the server allows \(allowed) connections, too few for \(serviceCount) services on \(loopCount) threads. Set its max_connections to \(enough) and restart it, or lower \(PlatformSettings.loopCount.name)."
            )
        }
    }

    /// How many connections a server allows to users that are no superusers.
    /// - Throws: ``PostgresError``.
    public static func allowance(of database: Database) async throws -> Int {
        let row = try await database.query(
            // PostgreSQL 16 added reserved_connections.
            """
            select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0)
            """
        ).first
        let count: Int32 = try row?.decode(Int32.self) ?? 0
        return Int(count)
    }
}
