internal import EventLoop
public import Platform

/// Whether rate limits apply.
public enum RateLimits: String, SettingValue, CaseIterable {
    case `default`, off
}

extension AllowedOrigins: SettingValue {
    static let settingType = "origins with commas between, such as https://app.example.org, or * for all"
}

struct GatewayConfig {
    static let rateLimitsSetting = Setting<RateLimits>(
        "HUB_RATE_LIMITS", default: .default, "`off` lifts the rate limits, for load tests only.")
    static let upstreamTimeoutSetting = Setting<Duration>(
        "HUB_UPSTREAM_TIMEOUT", default: .seconds(30), "How long a service may take for an answer.")
    static let openAPIFolderSetting = Setting<String>(
        "HUB_OPENAPI_FOLDER",
        "The folder whose files describe the API, as /docs shows it. Unset, the nearest openapi/ above the program is used."
    )
    static let heartbeatSetting = Setting<Duration>(
        "HUB_EVENTS_HEARTBEAT", default: LiveLimits().heartbeat,
        "How often a stream of live updates on which nothing happens says that it is there.")

    static let originsSetting = Setting<AllowedOrigins>(
        "HUB_CORS_ORIGINS", "The origins whose pages may call the hub from a browser. Unset, only its own pages may.")
    static let credentialsSetting = Setting<Bool>(
        "HUB_CORS_CREDENTIALS", default: false,
        "Whether those pages may have the browser send what it keeps for this address: cookies and certificates.")

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
            throw .invalid(
                name: Self.credentialsSetting.name, type: "false while \(Self.originsSetting.name) lets in all origins")
        }
        // An interval of zero would occupy the whole process.
        live.heartbeat = max(.milliseconds(10), try settings.value(Self.heartbeatSetting))
    }
}
