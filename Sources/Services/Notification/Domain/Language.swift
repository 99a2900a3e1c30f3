/// A supported language.
enum Language: String, CaseIterable, Sendable {
    case english = "en"
    case german = "de"

    /// The language of a locale such as `de-AT`; nil for an unsupported one.
    init?(locale: String) {
        let language = locale.prefix { $0 != "-" && $0 != "_" }
        self.init(rawValue: language.lowercased())
    }
}
