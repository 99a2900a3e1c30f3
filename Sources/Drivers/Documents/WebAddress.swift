/// The URLs that user-written documents may link to.
enum WebAddress {
    /// Whether a URL is `http`, `https` or relative, or, for a link, `mailto`. This is an allow-list.
    static func isAllowed(_ address: String, forImage: Bool) -> Bool {
        let bytes = address.utf8
        // Browsers ignore control characters and could find a scheme where this check sees none.
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return false }
        guard let end = bytes.firstIndex(where: { endsScheme.contains($0) }), bytes[end] == UInt8(ascii: ":") else {
            return true
        }
        let scheme = address[..<end].lowercased()
        return ["http", "https"].contains(scheme) || (scheme == "mailto" && !forImage)
    }

    /// A colon after one of the other delimiters belongs to the path, query or fragment.
    private static let endsScheme: [UInt8] = Array(":/?#".utf8)
}
