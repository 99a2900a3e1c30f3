internal import Secrets

/// The secret that all processes of a hub share.
public struct IdentitySecret: SettingValue {
    public static let settingType = "text"
    public static let settingForm = "a secret text of at least \(HMACKey.keyBytesMin) bytes"
    /// Enough to tell the secrets of a hub's processes apart, too few to confirm a guessed secret.
    private static let fingerprintBytes = 3

    public let settingText: String
    let key: HMACKey

    /// - Throws: ``SettingsError`` for a text of fewer than ``HMACKey/keyBytesMin`` bytes.
    public init(_ text: String) throws(SettingsError) {
        guard let key = HMACKey(secret: text) else {
            throw .invalid(name: PlatformSettings.identitySecret.name, expected: Self.settingForm)
        }
        (settingText, self.key) = (text, key)
    }

    public init?(settingText: String) { try? self.init(settingText) }

    /// A fingerprint: processes with different fingerprints refuse each other's requests.
    public static func harmless(_ settingText: String) -> String? {
        guard let secret = IdentitySecret(settingText: settingText) else { return nil }
        let code = secret.key.derived(for: "fingerprint").code(for: "")
        return "•••••• (fingerprint \(Base64URL.encode(Array(code.prefix(fingerprintBytes)))))"
    }
}
