internal import EventLoop
public import Platform

/// Whether rate limits apply.
public enum RateLimits: String, SettingValue, CaseIterable {
    case `default`, off
}

extension AllowedOrigins: SettingValue {
    static let settingType = "comma-separated origins, such as https://app.example.org, or * for all"
}

struct GatewayConfig {
    static let rateLimitsSetting = Setting<RateLimits>(
        "HUB_RATE_LIMITS", default: .default, "`off` disables the rate limits. Use it only for load tests.")
    static let upstreamTimeoutSetting = Setting<Duration>(
        "HUB_UPSTREAM_TIMEOUT", default: .seconds(30), "The time limit for the response of a service.")
    static let openAPIFolderSetting = Setting<String>(
        "HUB_OPENAPI_FOLDER",
        "The folder of the API description that /docs shows. Unset: the nearest folder openapi/ above the program."
    )
    static let heartbeatSetting = Setting<Duration>(
        "HUB_EVENTS_HEARTBEAT", default: LiveLimits().heartbeat,
        "The time between two comments on an idle stream of live updates.")

    static let originsSetting = Setting<AllowedOrigins>(
        "HUB_CORS_ORIGINS",
        "The origins whose pages may call the hub from a browser. Unset: only the hub's own pages may.")
    static let credentialsSetting = Setting<Bool>(
        "HUB_CORS_CREDENTIALS", default: false,
        "Whether requests from those origins may include credentials: cookies and client certificates.")

    static let declarations = [
        rateLimitsSetting.declaration, upstreamTimeoutSetting.declaration, openAPIFolderSetting.declaration,
        heartbeatSetting.declaration, originsSetting.declaration, credentialsSetting.declaration,
    ]

    let rateLimits: RateLimits
    let upstreamTimeout: Duration
    let openAPIFolder: String?
    private(set) var live = LiveLimits()
    /// Nil to refuse pages of other origins.
    let crossOrigin: CrossOrigin?

    init(_ settings: Settings) throws(SettingsError) {
        rateLimits = try settings.value(Self.rateLimitsSetting)
        upstreamTimeout = try settings.value(Self.upstreamTimeoutSetting)
        openAPIFolder = try settings.optional(Self.openAPIFolderSetting)
        let withCredentials = try settings.value(Self.credentialsSetting)
        crossOrigin = try settings.optional(Self.originsSetting).map {
            CrossOrigin(allowed: $0, withCredentials: withCredentials)
        }
        if withCredentials, crossOrigin?.allowed.isEveryOrigin == true {
            let expected = "false while \(Self.originsSetting.name) allows all origins"
            throw .invalid(name: Self.credentialsSetting.name, expected: expected)
        }
        // An interval of zero would occupy the whole process.
        live.heartbeat = max(.milliseconds(10), try settings.value(Self.heartbeatSetting))
    }
}
