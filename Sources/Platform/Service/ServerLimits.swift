internal import Contracts
internal import HTTP

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The limits of a service's server that depend on its environment.
enum ServerLimits {
    /// Descriptors not used by clients: for databases, requests between services, logs.
    private static let descriptorsReserved = 2_048
    /// Enough for any process here; some systems allow more than their tables hold.
    private static let descriptorsWanted: rlim_t = 65_536
    /// The gateway adds fields to requests; services must not refuse them for that.
    private static let headerCountAdded = 16
    private static let headerBytesAdded = 4 * 1024

    /// - Parameter descriptorsMax: how many files and sockets the process may have open.
    static func configuration(of name: ServiceName, descriptorsMax: Int) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        let connectionsMax = max(descriptorsMax / 2, descriptorsMax - descriptorsReserved)
        configuration.connectionsMax = min(configuration.connectionsMax, connectionsMax)
        configuration.connectionsPerAddressMax = min(configuration.connectionsPerAddressMax, connectionsMax / 2)
        if name != .gateway {
            // Its clients are the processes of the hub, often all at one address.
            configuration.connectionsPerAddressMax = configuration.connectionsMax
            configuration.headerCountMax += headerCountAdded
            configuration.headerBytesMax += headerBytesAdded
        }
        return configuration
    }

    /// The maximum of open descriptors. Raises the soft limit towards the hard limit first.
    static func raiseDescriptors() -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        let wanted = min(limit.rlim_max, descriptorsWanted)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let resource = RLIMIT_NOFILE
    #endif
}
