internal import CYAML

/// Converts a YAML document to JSON.
///
/// Plain scalars follow the core schema of YAML 1.2 as far as JSON can express it: `true`, `null` and numbers in JSON notation. Keys are
/// strings. Anything JSON cannot express is refused: anchors, tags, several documents, numbers in another base.
public enum YAML {
    /// The maximum nesting of lists and maps.
    public static let depthMax = 100

    /// - Returns: JSON on one line, maps in their original order.
    public static func json(of document: [UInt8]) throws(YAMLError) -> [UInt8] {
        try document.withUnsafeBufferPointer { (bytes) throws(YAMLError) in
            guard let reader = hub_yaml_open(bytes.baseAddress, bytes.count) else {
                throw YAMLError(.outOfMemory, line: 1)
            }
            defer { hub_yaml_close(reader) }
            var writer = JSONWriter()
            while true {
                let part = hub_yaml_next(reader)
                if Int(part.kind) == HUB_YAML_END { return try writer.finished(line: part.line) }
                try writer.add(part)
            }
        }
    }
}

/// Why a document was not converted, and where. The description contains none of its text.
public struct YAMLError: Error, Sendable, Equatable {
    /// The reason.
    public enum Reason: Sendable, Equatable {
        case malformed
        /// JSON cannot express it.
        case notJSON
        case tooDeep
        case outOfMemory
    }

    public let reason: Reason
    /// Counted from 1.
    public let line: Int

    init(_ reason: Reason, line: Int) {
        self.reason = reason
        self.line = line
    }
}

/// Builds the JSON text.
private struct JSONWriter {
    private struct Level {
        let isMap: Bool
        var count = 0
        /// Whether the next scalar of a map is a key.
        var isAtKey: Bool { isMap && count.isMultiple(of: 2) }
    }

    private var text: [UInt8] = []
    private var levels: [Level] = []

    func finished(line: Int) throws(YAMLError) -> [UInt8] {
        if text.isEmpty { throw YAMLError(.malformed, line: line) }
        return text
    }

    mutating func add(_ part: hub_yaml_part) throws(YAMLError) {
        let line = part.line
        switch Int(part.kind) {
        case HUB_YAML_SCALAR: try addScalar(part)
        case HUB_YAML_LIST: try open("[", isMap: false, line)
        case HUB_YAML_MAP: try open("{", isMap: true, line)
        case HUB_YAML_LIST_END: close("]")
        case HUB_YAML_MAP_END: close("}")
        case HUB_YAML_UNWANTED: throw YAMLError(.notJSON, line: line)
        case HUB_YAML_OUT_OF_MEMORY: throw YAMLError(.outOfMemory, line: line)
        default: throw YAMLError(.malformed, line: line)
        }
    }

    private mutating func open(_ bracket: Unicode.Scalar, isMap: Bool, _ line: Int) throws(YAMLError) {
        if levels.last?.isAtKey == true { throw YAMLError(.notJSON, line: line) }
        if levels.count == YAML.depthMax { throw YAMLError(.tooDeep, line: line) }
        separate()
        text.append(UInt8(ascii: bracket))
        levels.append(Level(isMap: isMap))
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        levels.removeLast()
        text.append(UInt8(ascii: bracket))
    }

    private mutating func addScalar(_ part: hub_yaml_part) throws(YAMLError) {
        let isKey = levels.last?.isAtKey == true
        separate()
        let scalar = UnsafeRawBufferPointer(start: part.text, count: part.count)
        if isKey || part.is_plain == 0 { return write(scalar) }
        let plain = String(decoding: scalar, as: UTF8.self)
        switch plain {
        case "", "~", "null", "Null", "NULL": text.append(contentsOf: "null".utf8)
        case "true", "True", "TRUE": text.append(contentsOf: "true".utf8)
        case "false", "False", "FALSE": text.append(contentsOf: "false".utf8)
        // Texts are many and patterns are slow.
        case _ where scalar.first.map(Self.beginsNumber) != true: write(scalar)
        default:
            if plain.wholeMatch(of: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/) != nil {
                text.append(contentsOf: scalar)
            } else if plain.wholeMatch(of: Self.otherNumber) != nil {
                throw YAMLError(.notJSON, line: part.line)
            } else {
                write(scalar)
            }
        }
    }

    private static func beginsNumber(_ byte: UInt8) -> Bool { "+-.0123456789".utf8.contains(byte) }

    /// Numbers of the core schema that JSON writes differently or cannot express.
    private static var otherNumber: Regex<Substring> {
        /[-+]?(?:[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|\.(?:inf|Inf|INF|nan|NaN|NAN)|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)/
    }

    /// Appends a comma or colon when needed.
    private mutating func separate() {
        guard var level = levels.popLast() else { return }
        if level.count > 0 { text.append(UInt8(ascii: level.isMap && !level.isAtKey ? ":" : ",")) }
        level.count += 1
        levels.append(level)
    }

    private mutating func write(_ scalar: UnsafeRawBufferPointer) {
        text.append(UInt8(ascii: "\""))
        for byte in scalar {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x0a: text += Array(#"\n"#.utf8)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                text += Array(#"\u00"#.utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
