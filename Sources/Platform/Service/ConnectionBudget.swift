/// How the connections to the database that a process may open are shared out.
///
/// Each service has a pool on each loop; beside them stand the pools that all services of the process share, and one connection of each
/// database that listens.
public struct ConnectionBudget: Sendable, Equatable {
    /// Connections at most of a service, on each loop.
    public let perServiceAndLoop: Int
    /// Connections at most of the whole process.
    public let total: Int

    static let ofLogPerLoop = 8
    static let ofHubPerLoop = 4
    static let ofRegistryPerLoop = 2
    /// One that single statements share, one for a transaction of a request, and one for a consumer's.
    static let perServiceAndLoopMin = 3
    /// More do not make anything faster.
    static let perServiceAndLoopMax = 8

    /// - Parameters:
    ///   - limit: connections that the process may open; nil for as many as are of use.
    ///   - loopCount: threads of the process.
    /// - Throws: ``SettingsError`` when they do not suffice for so many services.
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
                type: "at least \(least), for \(serviceCount) services on \(loopCount) threads")
        }
    }

    /// Of a process that is configured by `settings`.
    /// - Throws: ``SettingsError``.
    public init(_ settings: Settings, serviceCount: Int) throws(SettingsError) {
        try self.init(
            limit: try settings.optional(PlatformSettings.databaseConnections), serviceCount: serviceCount,
            loopCount: try settings.value(PlatformSettings.loopCount))
    }
}
