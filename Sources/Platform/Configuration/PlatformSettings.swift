public import Contracts
internal import HTTP
public import Observability
public import Redis
public import SchemaRegistry

/// Settings shared by every process of the hub.
public enum PlatformSettings {
    public static let databaseURL = Setting<DatabaseURL>(
        "DATABASE_URL", secret: true,
        "The PostgreSQL database of the hub, `postgres://user:password@host:port/name`. Unset: `up` runs a private PostgreSQL server."
    )
    public static let registryAddresses = Setting<RegistryAddresses>(
        "SCHEMA_REGISTRY_URL",
        "Addresses of an external schema registry with Confluent's API, comma-separated `https://host:8081`. Unset: the hub runs its own registry."
    )
    public static let databaseConnections = Setting<Int>(
        "HUB_DATABASE_CONNECTIONS",
        "The maximum number of database connections of a process, shared by its services. Unset: as many as its services can use. The sum "
            + "over all processes of the hub must be less than `max_connections` of the server.")
    public static let registryUserInfo = Setting<String>(
        "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", secret: true,
        "Credentials for the external schema registry: `user:password`.")
    public static let redisURL = Setting<RedisURL>(
        "REDIS_URL", secret: true,
        "A Redis server for caches, `redis://[[user]:password@]host[:port][/database]`. Unset: each process keeps its own "
            + "in memory.")
    public static let identitySecret = Setting<IdentitySecret>(
        "HUB_IDENTITY_SECRET", secret: true,
        "The secret that signs the identity of a caller between gateway and services, at least 16 bytes. The same for all processes."
    )
    public static let logLevel = Setting<LogLevel>(
        "HUB_LOG_LEVEL", default: .info,
        "The lowest level of log lines that are written: debug, info, notice, warning or error.")
    public static let accessLogLevel = Setting<LogLevel>(
        "HUB_ACCESS_LOG_LEVEL", default: .debug,
        "The level of the log line for each request. Below HUB_LOG_LEVEL no such lines are written; `trace` shows requests at any level."
    )
    public static let requestLogMebibytes = Setting<Int>(
        "HUB_REQUEST_LOG_MIB", default: 256,
        "The maximum size of the request log that `trace` reads, in MiB. It keeps requests for at most a day. 1 MiB holds about 30,000 "
            + "entries; a request through the gateway makes two. 0: no request log.")
    public static let loopCount = Setting<Int>(
        "HUB_LOOPS", default: 2, "The number of event loops of the process. Recommended: the number of CPU cores.")
    public static let host = Setting<String>(
        "HUB_HOST", default: "127.0.0.1",
        "The address the gateway listens on; `0.0.0.0` means all addresses of the machine.")
    public static let serviceHost = Setting<String>(
        "HUB_SERVICE_HOST", default: "127.0.0.1",
        "The address the services behind the gateway listen on. Use another address than 127.0.0.1 only in a network without other users."
    )
    public static let trustedProxies = Setting<TrustedProxies>(
        "HUB_TRUSTED_PROXIES",
        "The proxies in front of the gateway, comma-separated addresses and ranges: `10.0.0.0/8,fd00::1`. For requests from them, rate "
            + "limits apply to the last client address in X-Forwarded-For.")
    public static let drainTime = Setting<Duration>(
        "HUB_DRAIN_TIME", default: .seconds(10),
        "How long a stopping process waits for requests and batches in progress.")

    /// The address a service listens on: only the gateway's is public.
    public static func host(of service: ServiceName) -> Setting<String> { service == .gateway ? host : serviceHost }

    /// The port a service listens on.
    public static func port(of service: ServiceName) -> Setting<Int> {
        Setting(
            "HUB_\(service.rawValue.uppercased())_PORT", default: 3000 + portOffset(of: service),
            "The port of the \(service) service.")
    }

    /// The base URL of a service; for its effective value see ``Settings/url(of:)``.
    public static func url(of service: ServiceName) -> Setting<String> {
        Setting(
            "HUB_\(service.rawValue.uppercased())_URL",
            "The URL at which other services call the \(service) service. Unset: its port of this machine, by default http://127.0.0.1:\(3000 + portOffset(of: service))."
        )
    }

    public static let gatewayPrivatePort = Setting<Int>(
        "HUB_GATEWAY_PRIVATE_PORT",
        "The port, at HUB_SERVICE_HOST, of the gateway's /metrics and of the details of its /health/ready, which its public port does not "
            + "show. Unset: the public port plus 83; by default 3083.")

    /// The offset of a service's port from the gateway's, 3000 by default: consecutive in the order of the service list; services
    /// outside the thirteen follow after a gap.
    public static func portOffset(of service: ServiceName) -> Int {
        ServiceName.all.firstIndex(of: service) ?? (service == .registry ? registryPortOffset : sandboxPortOffset)
    }
    private static let registryPortOffset = 81
    private static let sandboxPortOffset = 82
    static let gatewayPrivatePortOffset = 83
    /// The maximum.
    public static let portOffsetMax = gatewayPrivatePortOffset

    public static let declarations: [SettingDeclaration] =
        [
            databaseURL.declaration, databaseConnections.declaration, registryAddresses.declaration,
            registryUserInfo.declaration,
            redisURL.declaration,
            identitySecret.declaration, logLevel.declaration, accessLogLevel.declaration,
            requestLogMebibytes.declaration, loopCount.declaration,
            gatewayPrivatePort.declaration, host.declaration, serviceHost.declaration, trustedProxies.declaration,
            drainTime.declaration,
        ] + KafkaSettings.declarations + ObjectSettings.declarations
        + ServiceName.all.flatMap { [port(of: $0).declaration, url(of: $0).declaration] }
        + [port(of: .registry).declaration, port(of: .sandbox).declaration, url(of: .sandbox).declaration]
}

/// A PostgreSQL address in one of libpq's two forms. libpq would read any other text as a database name.
public struct DatabaseURL: SettingValue {
    public static let settingType =
        "postgres://user:password@host:port/name, with special characters of user and password in percent-encoding, such as %40 for @"
    public let settingText: String

    public init?(settingText: String) {
        let isURL = ["postgres://", "postgresql://"].contains { settingText.hasPrefix($0) }
        guard isURL ? Self.hasEncodedUser(settingText) : settingText.contains("=") else { return nil }
        self.settingText = settingText
    }

    /// libpq repeats the part of a URL that it cannot read in its error, and this part can be the password.
    private static func hasEncodedUser(_ url: String) -> Bool {
        let parts = url.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return false }
        let rest = parts[2], place = rest.prefix { $0 != UInt8(ascii: "?") }
        guard let end = place.lastIndex(of: UInt8(ascii: "@")) else {
            // A later @ belongs to the query, or the password has a question mark.
            return place.contains(UInt8(ascii: "/")) || !rest.contains(UInt8(ascii: "@"))
        }
        let user = place[..<end]
        return !user.contains { [UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "#")].contains($0) }
            && PercentEncoding.decode(user) != nil
    }
}

extension LogLevel: SettingValue {}

extension RedisURL: SettingValue {
    public static var settingType: String {
        "redis://[[user]:password@]host[:port][/database]; rediss:// (TLS) is not supported"
    }
    public init?(settingText: String) { try? self.init(settingText) }
    public var settingText: String { description }
    public static func harmless(_ settingText: String) -> String? { (try? RedisURL(settingText))?.description }
}

extension RegistryAddresses: SettingValue {
    public static var settingType: String { "comma-separated http or https URLs without user and password" }
    public init?(settingText: String) { self.init(settingText) }
    public var settingText: String { urls.joined(separator: ",") }
}
