#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Decodes Avro's binary encoding. Every length is checked against the remaining bytes before anything is allocated.
///
/// The decoder borrows the bytes: it must not outlive the closure of `decodingAvro` or `withUnsafeBytes` in which it was created.
public struct AvroDecoder {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    /// The offset of the next value.
    public package(set) var position = 0
    private var depth = 0
    private var nestedValues = 0

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The unread bytes.
    public var remaining: Int { bytes.count - position }

    func error(_ reason: AvroError.Reason, _ detail: String = "") -> AvroError {
        AvroError(reason, detail, at: position)
    }

    // MARK: primitive types

    mutating func byte() throws(AvroError) -> UInt8 {
        guard position < bytes.count else { throw error(.truncated) }
        let value = bytes[position]
        position += 1
        return value
    }

    public mutating func boolean() throws(AvroError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw AvroError(.malformedBoolean, at: position - 1)
        }
    }

    public mutating func int() throws(AvroError) -> Int32 {
        guard let value = Int32(exactly: try long()) else { throw error(.malformedNumber, "does not fit 32 bits") }
        return value
    }

    @inline(__always)
    public mutating func long() throws(AvroError) -> Int64 {
        // Lengths, branches, symbols and small numbers usually take one byte.
        if position < bytes.count, bytes[position] < 0x80 {
            let value = Int64(bytes[position])
            position += 1
            return (value >> 1) ^ -(value & 1)
        }
        return try longOfManyBytes()
    }

    @inline(never)
    private mutating func longOfManyBytes() throws(AvroError) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            // Only one bit of the tenth byte is significant.
            if shift == 63, next > 1 { throw error(.malformedNumber, "longer than 64 bits") }
            value |= UInt64(next & 0x7f) &<< shift
            if next < 0x80 { break }
            shift += 7
        }
        return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    public mutating func float() throws(AvroError) -> Float {
        guard remaining >= 4 else { throw error(.truncated) }
        let bits = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
        position += 4
        return Float(bitPattern: UInt32(littleEndian: bits))
    }

    public mutating func double() throws(AvroError) -> Double {
        guard remaining >= 8 else { throw error(.truncated) }
        let bits = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        position += 8
        return Double(bitPattern: UInt64(littleEndian: bits))
    }

    public mutating func string() throws(AvroError) -> String {
        let utf8 = try text()
        guard let string = String(validating: utf8.assumingMemoryBound(to: UInt8.self), as: UTF8.self) else {
            throw AvroError(.malformedText, at: position - utf8.count)
        }
        return string
    }

    public mutating func byteArray() throws(AvroError) -> [UInt8] {
        [UInt8](try text())
    }

    /// Bytes of a fixed type.
    public mutating func fixed(count: Int) throws(AvroError) -> [UInt8] {
        [UInt8](try raw(count: count))
    }

    /// Milliseconds since 1970 in the years 0 to 9999. Times outside have no ISO-8601 text and would lose precision as a `Date`.
    public mutating func date() throws(AvroError) -> Date {
        let start = position
        let milliseconds = try long()
        guard (ISO8601.millisecondsMin...ISO8601.millisecondsMax).contains(milliseconds) else {
            throw AvroError(.invalidValue, "the time is outside the years 0 to 9999", at: start)
        }
        return Date(millisecondsSince1970: milliseconds)
    }

    /// The length of text or bytes, at most the remaining bytes.
    @inline(__always)
    package mutating func length() throws(AvroError) -> Int {
        let start = position
        let value = try long()
        guard value >= 0, value <= remaining else { throw AvroError(.lengthOutOfBounds, at: start) }
        return Int(value)
    }

    /// The bytes of a text, without copying.
    package mutating func text() throws(AvroError) -> UnsafeRawBufferPointer {
        try raw(count: length())
    }

    /// The next bytes, without copying.
    @inline(__always)
    package mutating func raw(count: Int) throws(AvroError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw error(.truncated) }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        position += count
        return slice
    }

    // MARK: composed types

    /// The index of an enumeration's symbol.
    public mutating func symbol(of count: Int) throws(AvroError) -> Int {
        let start = position
        let value = try long()
        guard value >= 0, value < count else { throw AvroError(.unknownSymbol, at: start) }
        return Int(value)
    }

    /// The index of a union's branch.
    public mutating func branch(of count: Int) throws(AvroError) -> Int {
        let start = position
        let value = try long()
        guard value >= 0, value < count else { throw AvroError(.unknownBranch, at: start) }
        return Int(value)
    }

    /// Whether a nullable value is present; null is the first of the union's two branches.
    public mutating func isPresent() throws(AvroError) -> Bool {
        try branch(of: 2) == 1
    }

    /// Reads an array. - Parameter itemBytesMin: the minimum encoded size of an item.
    @inlinable
    public mutating func array<Item>(
        itemBytesMin: Int, _ readItem: (inout AvroDecoder) throws(AvroError) -> Item
    ) throws(AvroError) -> [Item] {
        var items: [Item] = []
        try descend()
        while let count = try blockCount(itemBytesMin: itemBytesMin, before: items.count) {
            items.reserveCapacity(items.count + Swift.min(count, 64))
            for _ in 0..<count { items.append(try readItem(&self)) }
        }
        ascend()
        return items
    }

    /// Reads a map; the last of equal keys wins. - Parameter valueBytesMin: the minimum encoded size of a value.
    @inlinable
    public mutating func map<Value>(
        valueBytesMin: Int, _ readValue: (inout AvroDecoder) throws(AvroError) -> Value
    ) throws(AvroError) -> [String: Value] {
        var entries: [String: Value] = [:]
        try descend()
        while let count = try blockCount(itemBytesMin: valueBytesMin + 1, before: entries.count) {
            for _ in 0..<count {
                let key = try string()
                entries[key] = try readValue(&self)
            }
        }
        ascend()
        return entries
    }

    /// The number of items in the next block of an array or map; nil at the end. The number of items without bytes is limited; that of
    /// others is bounded by the remaining bytes.
    @usableFromInline
    package mutating func blockCount(itemBytesMin: Int, before: Int) throws(AvroError) -> Int? {
        let start = position
        var count = try long()
        if count == 0 { return nil }
        if count < 0 {
            // A negative count is followed by the block's size in bytes.
            guard count != .min else { throw AvroError(.lengthOutOfBounds, at: start) }
            count = -count
            _ = try length()
        }
        let most = itemBytesMin > 0 ? remaining / itemBytesMin : AvroLimits.emptyItemsMax - before
        guard count <= most else { throw AvroError(.lengthOutOfBounds, at: start) }
        return Int(count)
    }

    @usableFromInline
    package mutating func descend() throws(AvroError) {
        depth += 1
        if depth > AvroLimits.nestingMax { throw error(.tooDeep) }
        nestedValues += 1
        if nestedValues > AvroLimits.nestedValuesMax + bytes.count {
            throw error(.lengthOutOfBounds, "too many nested values")
        }
    }

    @usableFromInline
    package mutating func ascend() {
        depth -= 1
    }

    /// Refuses trailing bytes.
    public func finish() throws(AvroError) {
        if remaining > 0 { throw error(.trailingBytes, "\(remaining) left") }
    }
}

extension [UInt8] {
    /// Decodes one value from all bytes from `start` on.
    @inlinable
    public func decodingAvro<Value>(
        from start: Int = 0, _ read: (inout AvroDecoder) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        guard start >= 0, start <= count else { throw AvroError(.truncated, at: count) }
        return try withUnsafeBufferPointer { (bytes) throws(AvroError) in
            var decoder = AvroDecoder(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start...])))
            let value = try read(&decoder)
            try decoder.finish()
            return value
        }
    }
}

extension AvroDecoder {
    /// A decimal's unscaled value.
    /// - Throws: ``AvroError/Reason/invalidValue`` when it is empty or does not fit into 64 bits.
    public mutating func decimal() throws(AvroError) -> Int64 {
        let start = position
        let bytes = try text()
        guard let value = AvroDecimal(bytes: bytes, scale: 0), let narrow = Int64(exactly: value.unscaled) else {
            throw AvroError(.invalidValue, "not a decimal of 64 bits", at: start)
        }
        return narrow
    }

    /// Reads a string that must equal the given one.
    public mutating func expect(_ expected: String) throws(AvroError) {
        let start = position
        let utf8 = try text()
        var expected = expected
        let isEqual = expected.withUTF8 { UnsafeRawBufferPointer($0).elementsEqual(utf8) }
        guard isEqual else { throw AvroError(.invalidValue, "expected \(expected)", at: start) }
    }
}
