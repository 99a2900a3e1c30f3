#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address, `::ffff:192.0.2.1`, becomes its IPv4 address.
public struct IPAddress: Sendable, Hashable {
    /// 4 or 16.
    let bytes: [UInt8]

    public init?(_ text: some StringProtocol) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let text = String(text.prefix { $0 != "%" })
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255])
            self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
        } else {
            return nil
        }
    }

    /// The key for rate limits: the IPv4 address, or the /64 prefix of an IPv6 address, because a client usually controls a whole /64.
    /// Text that is not an address is its own key.
    public static func network(of text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ":")), let address = IPAddress(text) else { return text }
        if address.bytes.count == 4 { return address.bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 8, by: 2).map { index in
            String(UInt16(address.bytes[index]) << 8 | UInt16(address.bytes[index + 1]), radix: 16)
        }
        return groups.joined(separator: ":") + "::/64"
    }
}

/// A range of addresses in CIDR notation, `10.0.0.0/8` or `fd00::/8`, or a single address.
public struct IPRange: Sendable, Hashable {
    private let first: IPAddress
    private let bitCount: Int

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let head = parts.first, parts.count <= 2, let first = IPAddress(head) else { return nil }
        let bitCountMax = first.bytes.count * 8
        guard let bitCount = parts.count == 1 ? bitCountMax : Int(parts[1]), (0...bitCountMax).contains(bitCount) else {
            return nil
        }
        self.first = first
        self.bitCount = bitCount
    }

    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        return (0..<bitCount).allSatisfy { bit in
            (address.bytes[bit / 8] ^ first.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}

extension [IPRange] {
    /// The client of a connection: its peer, or, while that is a trusted proxy, the last address in `X-Forwarded-For`.
    func client(behind peer: String, _ fields: HTTPFields) -> String {
        if isEmpty || !holds(peer) { return peer }
        var nearest = peer
        let named = fields.values(of: "x-forwarded-for").flatMap { $0.split(separator: ",") }
        for entry in named.reversed() {
            // Entries before this one are not trusted.
            guard let text = Self.address(in: entry.filter { $0 != " " && $0 != "\t" }) else { break }
            nearest = text
            if !holds(text) { break }
        }
        return nearest
    }

    /// The address of an entry in the field, without the port that some proxies append: `203.0.113.7:4711`, `[2001:db8::1]:443`.
    /// - Returns: nil for text that is not an address. An address with a zone is refused: a zone has a meaning only on its own machine.
    private static func address(in entry: String) -> String? {
        var address = entry[...]
        var port: Substring?
        if entry.hasPrefix("["), let end = entry.firstIndex(of: "]") {
            address = entry[..<end].dropFirst()
            let rest = entry[end...].dropFirst()
            if !address.contains(":") || !(rest.isEmpty || rest.hasPrefix(":")) { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = entry.firstIndex(of: ":"), colon == entry.lastIndex(of: ":") {
            address = entry[..<colon]
            port = entry[colon...].dropFirst()
        }
        if let port, !port.utf8.allSatisfy(isDigit) || UInt16(port) == nil { return nil }
        return address.contains("%") || IPAddress(address) == nil ? nil : String(address)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    func holds(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return contains { $0.contains(address) }
    }
}
