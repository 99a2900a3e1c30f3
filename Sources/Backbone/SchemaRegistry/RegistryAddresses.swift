internal import HTTP

/// The addresses of a registry's servers.
public struct RegistryAddresses: Sendable, Equatable {
    public static let countMax = 10

    /// Base URLs without a trailing slash, in the order in which they are tried.
    public let urls: [String]

    /// - Parameter text: `http` or `https` URLs separated by commas, without user, query and fragment.
    public init?(_ text: String) {
        var urls: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var url = part.filter { $0 != " " }
            while url.hasSuffix("/") { url.removeLast() }
            let scheme = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }
            guard let scheme, url.utf8.count > scheme.utf8.count else { return nil }
            if url.contains(where: { "@?#".contains($0) }) || !url.utf8.allSatisfy({ (33...126).contains($0) }) {
                return nil
            }
            urls.append(url)
        }
        guard (1...Self.countMax).contains(urls.count) else { return nil }
        self.urls = urls
    }
}
