internal import Contracts
internal import Platform

/// What an operator can set of the registry.
struct RegistryConfig {
    static let tokenSetting = Setting<AccessSecret>(
        "HUB_REGISTRY_TOKEN", secret: true,
        "What a client must know to register, delete or set something, at least 16 bytes: as a bearer token, or as the password "
            + "beside any user name. Unset, whoever reaches the registry may while it listens on this machine alone, else nobody."
    )

    static let declarations = [tokenSetting.declaration]

    /// Schemas that wait to be read and compared; who comes then is to come again.
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

/// A secret that is too long to be guessed.
struct AccessSecret: SettingValue {
    static let settingType = "at least 16 bytes"
    let settingText: String

    init?(settingText: String) {
        guard settingText.utf8.count >= 16 else { return nil }
        self.settingText = settingText
    }
}

/// The hub's own registry would be a second one, which nobody asks.
struct AnotherRegistry: Error, CustomStringConvertible {
    let description = """
        the hub uses the schema registry at \(PlatformSettings.registryAddresses.name), so it serves none itself. Unset that to serve \
        the hub's own, or leave `registry` out
        """
}
