/// Where a log-in comes from.
struct ClientAddress: Sendable, Hashable {
    /// What belongs to one customer of a network: an IPv4 address, or the /64 an IPv6 address lies in, for whoever has one address
    /// of it has all of them.
    let network: String

    init(_ address: String) {
        network = address.contains(":") ? Self.prefix64(address) : address
    }

    private static func prefix64(_ address: String) -> String {
        let lower = address.lowercased()
        guard let gap = lower.firstRange(of: "::") else {
            return lower.split(separator: ":").prefix(4).map(shortened).joined(separator: ":")
        }
        let head = lower[..<gap.lowerBound].split(separator: ":").map(shortened)
        let tail = lower[gap.upperBound...].split(separator: ":").map(shortened)
        let zeros = Array(repeating: "0", count: max(0, 8 - head.count - tail.count))
        return (head + zeros + tail).prefix(4).joined(separator: ":")
    }

    private static func shortened(_ group: Substring) -> String {
        let digits = group.drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }
}
