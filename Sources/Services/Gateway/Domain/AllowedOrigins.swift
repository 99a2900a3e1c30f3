/// The origins whose pages may read the hub's responses, as configured.
struct AllowedOrigins: Sendable {
    let settingText: String
    /// As browsers write them; nil for all.
    private let origins: Set<String>?

    init?(settingText: String) {
        self.settingText = settingText
        if settingText == "*" {
            origins = nil
            return
        }
        var origins: Set<String> = []
        for text in settingText.split(separator: ",", omittingEmptySubsequences: false) {
            guard let origin = Self.origin(text.lowercased()) else { return nil }
            origins.insert(origin)
        }
        self.origins = origins
    }

    var isEveryOrigin: Bool { origins == nil }

    func contains(_ origin: String) -> Bool { origins?.contains(origin) ?? true }

    /// Scheme, host, and a port other than the scheme's default.
    private static func origin(_ text: String) -> String? {
        let form = /\s*(https?):\/\/([a-z0-9.\-]+|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?\s*/
        guard let (_, scheme, host, port) = text.wholeMatch(of: form)?.output else { return nil }
        let isUsual = port == nil || port == (scheme == "https" ? "443" : "80")
        return "\(scheme)://\(host)" + (isUsual ? "" : ":\(port ?? "")")
    }
}
