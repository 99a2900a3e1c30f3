/// Ordered header fields; names are case-insensitive.
///
/// All names and values share one buffer, so that receiving and forwarding fields creates no string per field.
public struct HTTPFields: Sendable {
    /// Each field as `name NUL value NUL`, so that C can read it in place.
    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []

    struct Entry: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
        var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameCount) }
        var value: Range<Int> { Int(valueStart)..<Int(valueStart) + Int(valueCount) }
    }

    public init() {}

    init(bytes: [UInt8], entries: [Entry]) {
        self.bytes = bytes
        self.entries = entries
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    /// The first value under `name`. Setting replaces every value under the name; setting nil removes them.
    public subscript(name: String) -> String? {
        get { firstIndex(of: name).map { text(entries[$0].value) } }
        set {
            remove(name)
            if let newValue { add(name, newValue) }
        }
    }

    /// Every value under `name`, in order.
    public func values(of name: String) -> [String] {
        entries.filter { matches($0, name) }.map { text($0.value) }
    }

    public func contains(_ name: String) -> Bool { firstIndex(of: name) != nil }

    /// Appends a field. CR, LF and NUL in a value become spaces, so that a value cannot inject another field.
    /// - Returns: false, without adding, when the name is not a token (RFC 9110).
    @discardableResult
    public mutating func add(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { return false }
        let nameStart = bytes.count
        bytes.append(contentsOf: name.utf8)
        bytes.append(0)
        let valueStart = bytes.count
        for byte in value.utf8 { bytes.append(byte == 0 || byte == 10 || byte == 13 ? 32 : byte) }
        entries.append(
            Entry(
                nameStart: UInt32(nameStart), nameCount: UInt32(valueStart - nameStart - 1),
                valueStart: UInt32(valueStart), valueCount: UInt32(bytes.count - valueStart)))
        bytes.append(0)
        return true
    }

    /// Removes every value under `name`.
    public mutating func remove(_ name: String) {
        guard contains(name) else { return }
        // Removed fields stay in the buffer until it is released: messages are short-lived.
        entries = entries.filter { !matches($0, name) }
    }

    /// Whether the value under `name`, a comma-separated list, contains `token`; case-insensitive.
    public func list(_ name: String, contains token: String) -> Bool {
        values(of: name).contains { value in
            value.utf8.split(separator: UInt8(ascii: ",")).contains { equalsIgnoringCase(trimmed($0), token.utf8) }
        }
    }
}

extension HTTPFields: Sequence {
    public struct Iterator: IteratorProtocol {
        let fields: HTTPFields
        var index = 0
        public mutating func next() -> (name: String, value: String)? {
            guard index < fields.entries.count else { return nil }
            defer { index += 1 }
            let entry = fields.entries[index]
            return (fields.text(entry.name), fields.text(entry.value))
        }
    }
    public func makeIterator() -> Iterator { Iterator(fields: self) }
    public var underestimatedCount: Int { entries.count }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}

extension HTTPFields: Equatable {
    /// Equal when the fields and their order are equal; names are case-insensitive.
    public static func == (left: HTTPFields, right: HTTPFields) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { equalsIgnoringCase($0.name.utf8, $1.name.utf8) && $0.value == $1.value }
    }
}

extension HTTPFields {
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func firstIndex(of name: String) -> Int? { entries.firstIndex { matches($0, name) } }

    func matches(_ entry: Entry, _ name: String) -> Bool {
        guard Int(entry.nameCount) == name.utf8.count else { return false }
        return equalsIgnoringCase(bytes[entry.name], name.utf8)
    }
}
