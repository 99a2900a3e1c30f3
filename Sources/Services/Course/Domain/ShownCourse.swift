/// A course as it is shown, to be kept: a version, and the JSON of it.
struct ShownCourse: Sendable, Equatable {
    /// How long it is kept. Another process may show it for as long after a change, should Redis be away at that moment.
    static let keptTime: Duration = .seconds(30)

    let version: Int
    let json: [UInt8]

    /// The version in decimal digits, a line's end, the JSON.
    var bytes: [UInt8] { Array("\(version)\n".utf8) + json }

    init(version: Int, json: [UInt8]) {
        self.version = version
        self.json = json
    }

    /// Nil for what ``bytes`` never is.
    init?(bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let version = Int(String(decoding: bytes[..<end], as: UTF8.self))
        else { return nil }
        self.init(version: version, json: Array(bytes[(end + 1)...]))
    }
}
