internal import Platform

/// What an operator can set of this service. Read once, at start.
struct CertificateConfig: Sendable {
    /// What a certificate's QR code begins with.
    static let publicURL = Setting<String>(
        "HUB_PUBLIC_URL", default: "http://127.0.0.1:3000",
        "Where people reach the hub: what the addresses begin with that certificates are verified at.")

    static let declarations = [publicURL.declaration]

    /// Without a slash at the end.
    let publicURL: String

    init(_ settings: Settings) throws(SettingsError) {
        let url = try settings.value(Self.publicURL)
        guard url.wholeMatch(of: /https?:\/\/[^\s\/?#"<>]+(\/[^\s?#"<>]*)?/) != nil, url.utf8.count <= 200 else {
            throw .invalid(name: Self.publicURL.name, type: "an http or https URL of at most 200 bytes")
        }
        publicURL = String(url.reversed().drop { $0 == "/" }.reversed())
    }
}
