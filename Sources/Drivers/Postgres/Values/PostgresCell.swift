/// One cell of a row in PostgreSQL's binary format. Valid only during the call it is passed to.
public struct PostgresCell {
    public let type: PostgresType
    /// nil is SQL null.
    let bytes: UnsafeRawBufferPointer?

    public var isNull: Bool { bytes == nil }

    /// The error to throw when the cell holds `found` instead of the requested type. `found` must not contain the value itself.
    public func refusal(_ found: StaticString) -> PostgresError {
        PostgresError(.decoding, "\(found) in a column of type \(type.rawValue)")
    }

    func unwrapped() throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let bytes else { throw refusal("null") }
        return bytes
    }

    /// - Throws: when the length is not that of the integer.
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(PostgresError) -> Integer {
        let bytes = try unwrapped()
        guard bytes.count == MemoryLayout<Integer>.size else { throw refusal("a value of unexpected length") }
        return Integer(bigEndian: bytes.loadUnaligned(as: Integer.self))
    }

    func require(_ types: PostgresType...) throws(PostgresError) {
        guard types.contains(type) else { throw refusal("another type than requested") }
    }

    func elements<Element: PostgresDecodable>(as type: Element.Type) throws(PostgresError) -> [Element] {
        var reader = BinaryReader(try unwrapped())
        let dimensions = try reader.read(Int32.self, in: self)
        _ = try reader.read(Int32.self, in: self)
        let elementType = PostgresType(rawValue: try reader.read(UInt32.self, in: self))
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw refusal("an array of several dimensions") }
        let count = try reader.read(Int32.self, in: self)
        _ = try reader.read(Int32.self, in: self)
        // Every element takes at least 4 bytes; the announced count is not trusted for allocation.
        guard count >= 0, Int(count) <= reader.remaining / 4 else { throw refusal("a malformed array") }
        var elements: [Element] = []
        elements.reserveCapacity(Int(count))
        for _ in 0..<count {
            let length = try reader.read(Int32.self, in: self)
            let bytes = length < 0 ? nil : try reader.take(Int(length), in: self)
            elements.append(try Element(from: PostgresCell(type: elementType, bytes: bytes)))
        }
        return elements
    }
}

/// Reads big-endian values from a buffer with bounds checks.
struct BinaryReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    mutating func read<Integer: FixedWidthInteger>(
        _ type: Integer.Type, in cell: PostgresCell
    ) throws(PostgresError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard remaining >= size else { throw cell.refusal("a truncated value") }
        defer { position += size }
        return Integer(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Integer.self))
    }

    mutating func take(_ count: Int, in cell: PostgresCell) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard remaining >= count else { throw cell.refusal("a truncated value") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }
}
