/// A JSON text as a tree that preserves the order of members and the digits of numbers.
public indirect enum JSONTree: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number as it was written, for example `49.99`.
    case number(String)
    case string(String)
    case array([JSONTree])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONTree

        public init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    /// The member of that name, if this is an object that contains it.
    public subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    public var items: [JSONTree]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// The number as an integer, if it fits.
    public var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits)
    }

    /// The kind of JSON value, for error messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONTree {
    /// One line, members in order, with the fewest escapes.
    public func compactText() -> String {
        var text: [UInt8] = []
        write(to: &text, indent: nil)
        return String(decoding: text, as: UTF8.self)
    }

    /// Indented with two spaces per level.
    public func prettyText() -> String {
        var text: [UInt8] = []
        write(to: &text, indent: 0)
        return String(decoding: text, as: UTF8.self)
    }

    private func write(to text: inout [UInt8], indent: Int?) {
        switch self {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let digits): text.append(contentsOf: digits.utf8)
        case .string(let string): Self.write(string, to: &text)
        case .array(let items):
            Self.writeList("[", "]", items, to: &text, indent: indent) { item, text, indent in
                item.write(to: &text, indent: indent)
            }
        case .object(let members):
            Self.writeList("{", "}", members, to: &text, indent: indent) { member, text, indent in
                Self.write(member.name, to: &text)
                text.append(contentsOf: (indent == nil ? ":" : ": ").utf8)
                member.value.write(to: &text, indent: indent)
            }
        }
    }

    private static func writeList<Item>(
        _ open: String, _ close: String, _ items: [Item], to text: inout [UInt8], indent: Int?,
        _ writeItem: (Item, inout [UInt8], Int?) -> Void
    ) {
        text.append(contentsOf: open.utf8)
        let inner = indent.map { $0 + 2 }
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            if let inner { newLine(inner, to: &text) }
            writeItem(item, &text, inner)
        }
        if let indent, !items.isEmpty { newLine(indent, to: &text) }
        text.append(contentsOf: close.utf8)
    }

    private static func newLine(_ indent: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): text.append(contentsOf: #"\\"#.utf8)
            case 0x0a: text.append(contentsOf: #"\n"#.utf8)
            case 0x0d: text.append(contentsOf: #"\r"#.utf8)
            case 0x09: text.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                text.append(contentsOf: #"\u00"#.utf8)
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
