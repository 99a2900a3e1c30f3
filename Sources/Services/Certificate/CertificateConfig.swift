internal import Platform

/// The operator's settings of this service. Read once, at start.
struct CertificateConfig: Sendable {
    /// The base URL in the QR code of a certificate.
    static let publicURL = Setting<String>(
        "HUB_PUBLIC_URL", default: "http://127.0.0.1:3000",
        "The public base URL of the hub, used in the verification links of certificates.")

    static let declarations = [publicURL.declaration]

    /// Without a trailing slash.
    let publicURL: String

    init(_ settings: Settings) throws(SettingsError) {
        let url = try settings.value(Self.publicURL)
        guard url.wholeMatch(of: /https?:\/\/[^\s\/?#"<>]+(\/[^\s?#"<>]*)?/) != nil, url.utf8.count <= 200 else {
            throw .invalid(name: Self.publicURL.name, expected: "an http or https URL of at most 200 bytes")
        }
        publicURL = String(url.reversed().drop { $0 == "/" }.reversed())
    }
}
