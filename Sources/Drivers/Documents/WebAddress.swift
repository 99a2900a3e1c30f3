/// Which addresses a document of somebody else may lead to.
enum WebAddress {
    /// Whether an address is `http`, `https` or relative, or, for a link, `mailto`. A list of what is allowed, not of what is known to
    /// be dangerous.
    static func isAllowed(_ address: String, forImage: Bool) -> Bool {
        let bytes = address.utf8
        // Browsers pass over control characters, and so could find a scheme where this sees none.
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return false }
        guard let end = bytes.firstIndex(where: { endsScheme.contains($0) }), bytes[end] == UInt8(ascii: ":") else {
            return true
        }
        let scheme = address[..<end].lowercased()
        return ["http", "https"].contains(scheme) || (scheme == "mailto" && !forImage)
    }

    /// A colon after one of the others belongs to the path, the query or the fragment.
    private static let endsScheme: [UInt8] = Array(":/?#".utf8)
}
