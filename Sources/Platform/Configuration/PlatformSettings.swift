public import Contracts
public import Observability
public import Redis
public import SchemaRegistry

/// Settings shared by every process of the hub.
public enum PlatformSettings {
    public static let databaseURL = Setting<DatabaseURL>(
        "DATABASE_URL", secret: true,
        "PostgreSQL to keep everything in, `postgres://user:password@host:port/name`. Unset, `up` runs one of its own.")
    public static let registryAddresses = Setting<RegistryAddresses>(
        "SCHEMA_REGISTRY_URL",
        "A schema registry with Confluent's API to use in place of the hub's own, `https://host:8081`; several with commas between."
    )
    public static let databaseConnections = Setting<Int>(
        "HUB_DATABASE_CONNECTIONS",
        "How many connections to the database a process opens at most; its services share them. Unset, as many as are of use. All "
            + "processes of a hub together must stay below the server's `max_connections`.")
    public static let registryUserInfo = Setting<String>(
        "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO", secret: true, "What that registry asks for: `user:password`.")
    public static let redisURL = Setting<RedisURL>(
        "REDIS_URL", secret: true,
        "A Redis for what services keep for a while, `redis://[[user]:password@]host[:port][/database]`. Unset, each process keeps it "
            + "by itself.")
    public static let identitySecret = Setting<String>(
        "HUB_IDENTITY_SECRET", secret: true,
        "Shared by gateway and services, at least 16 bytes: signs the identity that the gateway passes on.")
    public static let logLevel = Setting<LogLevel>(
        "HUB_LOG_LEVEL", default: .info,
        "The least important log lines written: debug, info, notice, warning or error.")
    public static let accessLogLevel = Setting<LogLevel>(
        "HUB_ACCESS_LOG_LEVEL", default: .debug,
        "The level of the log line for each answered request. Below HUB_LOG_LEVEL there are none; `trace` knows them all the same."
    )
    public static let requestLogMebibytes = Setting<Int>(
        "HUB_REQUEST_LOG_MIB", default: 256,
        "How much of the answered requests the database keeps for `trace`, a day's at most: about 30,000 fit into a mebibyte, and one "
            + "that passes the gateway is two. 0: none.")
    public static let loopCount = Setting<Int>(
        "HUB_LOOPS", default: 2, "Event loops of the process; one a core is right as a rule.")
    public static let host = Setting<String>(
        "HUB_HOST", default: "127.0.0.1", "The address the gateway listens on; `0.0.0.0` for all of the machine's.")
    public static let serviceHost = Setting<String>(
        "HUB_SERVICE_HOST", default: "127.0.0.1",
        "The address the services behind the gateway listen on. Beyond this machine only where a network keeps strangers from them."
    )
    public static let trustedProxies = Setting<TrustedProxies>(
        "HUB_TRUSTED_PROXIES",
        "Proxies before the gateway, as addresses and ranges with commas between: `10.0.0.0/8,fd00::1`. Limits then go by the client "
            + "their X-Forwarded-For names last.")
    public static let drainTime = Setting<Duration>(
        "HUB_DRAIN_TIME", default: .seconds(10), "How long a stop waits for requests and batches under way.")

    /// The address a service listens on: only the gateway's is public.
    public static func host(of service: ServiceName) -> Setting<String> { service == .gateway ? host : serviceHost }

    /// The port a service listens on.
    public static func port(of service: ServiceName) -> Setting<Int> {
        Setting(
            "HUB_\(service.rawValue.uppercased())_PORT", default: 3000 + portOffset(of: service),
            "Port of the \(service) service.")
    }

    /// The base URL of a service.
    public static func url(of service: ServiceName) -> Setting<String> {
        Setting(
            "HUB_\(service.rawValue.uppercased())_URL",
            default: "http://127.0.0.1:\(3000 + portOffset(of: service))",
            "Where the others find the \(service) service.")
    }

    public static let gatewayPrivatePort = Setting<Int>(
        "HUB_GATEWAY_PRIVATE_PORT",
        "Port of the gateway's /metrics and of the parts of its /health/ready, at HUB_SERVICE_HOST; its own port shows neither. Unset, "
            + "83 after its own: 3083 as a rule.")

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
    public static let settingType = "postgres://user:password@host:port/name"
    public let settingText: String

    public init?(settingText: String) {
        let isURL = ["postgres://", "postgresql://"].contains { settingText.hasPrefix($0) }
        guard isURL || settingText.contains("=") else { return nil }
        self.settingText = settingText
    }
}

extension LogLevel: SettingValue {}

extension RedisURL: SettingValue {
    public static var settingType: String {
        "redis://[[user]:password@]host[:port][/database]; there is no encryption, so no rediss://"
    }
    public init?(settingText: String) { try? self.init(settingText) }
    public var settingText: String { description }
    public static func harmless(_ settingText: String) -> String? { (try? RedisURL(settingText))?.description }
}

extension RegistryAddresses: SettingValue {
    public static var settingType: String { "http or https URLs with commas between, without user and password" }
    public init?(settingText: String) { self.init(settingText) }
    public var settingText: String { urls.joined(separator: ",") }
}
