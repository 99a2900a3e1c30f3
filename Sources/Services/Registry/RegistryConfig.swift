internal import Contracts
internal import Platform

/// The operator's settings of the registry.
struct RegistryConfig {
    static let tokenSetting = Setting<AccessSecret>(
        "HUB_REGISTRY_TOKEN", secret: true,
        "The token for writing requests, at least 16 bytes: sent as a bearer token, or as the password "
            + "with any user name. If unset, writing needs no token on loopback, and is refused on other addresses."
    )

    static let declarations = [tokenSetting.declaration]

    /// The maximum number of waiting schema requests; further ones get a 503.
    static let waitingCountMax = 64

    let access: WriteAccess

    init(_ settings: Settings) throws {
        if try settings.optional(PlatformSettings.registryAddresses) != nil { throw AnotherRegistry() }
        let host = try settings.value(PlatformSettings.host(of: .registry))
        if let secret = try settings.optional(Self.tokenSetting) {
            access = .withToken(secret.settingText)
        } else {
            access = ServiceDirectory.isOfThisMachine(host) ? .open : .closed
        }
    }
}

/// A secret that is long enough not to be guessed.
struct AccessSecret: SettingValue {
    static let settingType = "at least 16 bytes"
    let settingText: String

    init?(settingText: String) {
        guard settingText.utf8.count >= 16 else { return nil }
        self.settingText = settingText
    }
}

/// With an external registry, the embedded one would be unused.
struct AnotherRegistry: Error, CustomStringConvertible {
    let description = """
        the hub uses the schema registry at \(PlatformSettings.registryAddresses.name), so it serves none itself. Unset that to serve \
        the hub's own, or leave `registry` out
        """
}
