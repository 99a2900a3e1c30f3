import Avro
import Contracts
import Foundation

/// One example of a message for each version of each event's schema: `<topic>.<version>.json`, written by hand, and beside it the
/// bytes, `.hex`, which never change once they are there.
struct Golden {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    let topic: String
    /// Of the schema, as in contracts/history.
    let version: Int

    private var base: String {
        Self.packageRoot.appending(path: "Tests/ContractsTests/Goldens/\(topic).\(version)").path()
    }

    enum Part: String {
        case example = "json"
        case bytes = "hex"
    }

    func has(_ part: Part) -> Bool { FileManager.default.fileExists(atPath: "\(base).\(part.rawValue)") }

    /// The example.
    func json() throws -> JSONTree {
        try JSONTree(parsing: String(contentsOfFile: "\(base).json", encoding: .utf8))
    }

    func bytes() throws -> [UInt8] {
        let digits = try String(contentsOfFile: "\(base).hex", encoding: .utf8).compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    func schema() throws -> Schema {
        let path = Self.packageRoot.appending(path: "contracts/history/\(topic)/\(version).avsc").path()
        return try Schema(parsing: String(contentsOfFile: path, encoding: .utf8))
    }

    /// The bytes of a new example.
    func encodedExample() throws -> [UInt8] {
        let schema = try schema()
        return try AvroValue(json: json(), schema: schema).encoded(as: schema)
    }

    func write(_ bytes: [UInt8]) throws {
        let hex = bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        let lines = stride(from: 0, to: hex.count, by: 64).map { String(hex.dropFirst($0).prefix(64)) }
        try (lines.joined(separator: "\n") + "\n").write(toFile: "\(base).hex", atomically: true, encoding: .utf8)
    }

    /// One for each version in the history.
    static func all(of event: any Event.Type) throws -> [Golden] {
        let history = packageRoot.appending(path: "contracts/history/\(event.topic.name)").path()
        let count = try FileManager.default.contentsOfDirectory(atPath: history).filter { $0.hasSuffix(".avsc") }.count
        return (1...max(1, count)).map { Golden(topic: event.topic.name, version: $0) }
    }
}

extension Golden {
    /// What to do when a golden is missing.
    static let advice: String = """
        every version of an event's schema has an example, Tests/ContractsTests/Goldens/<topic>.<version>.json; \
        write it and run the tests once with HUB_WRITE_GOLDENS=1, which writes the bytes beside it
        """

    static var isWriting: Bool { ProcessInfo.processInfo.environment["HUB_WRITE_GOLDENS"] == "1" }
}

extension String {
    func write(toFile path: String, atomically: Bool, encoding: Encoding) throws {
        try write(to: URL(filePath: path), atomically: atomically, encoding: encoding)
    }
}
