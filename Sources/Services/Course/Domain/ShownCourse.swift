/// A course's cached response: its version and JSON.
struct ShownCourse: Sendable, Equatable {
    /// The cache lifetime. If Redis is unavailable at the time of a change, other processes may serve the old version for this long.
    static let keptTime: Duration = .seconds(30)

    let version: Int
    let json: [UInt8]

    /// The version in decimal digits, a line feed, the JSON.
    var bytes: [UInt8] { Array("\(version)\n".utf8) + json }

    init(version: Int, json: [UInt8]) {
        self.version = version
        self.json = json
    }

    /// nil for invalid bytes.
    init?(bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let version = Int(String(decoding: bytes[..<end], as: UTF8.self))
        else { return nil }
        self.init(version: version, json: Array(bytes[(end + 1)...]))
    }
}
