#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Appends Avro's binary encoding to a buffer.
///
/// The encoder owns and frees a raw buffer: appending to an array checks for uniqueness on every value, which took longer than the
/// writing itself (`make bench`, avro.encode).
public struct AvroEncoder: ~Copyable {
    /// Allocated with `capacity` bytes, of which the first `count` are written.
    @usableFromInline private(set) var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// The number of bytes written.
    public private(set) var count = 0

    /// - Parameter bytesExpected: the initial capacity; the buffer grows.
    public init(bytesExpected: Int = 384) {
        capacity = max(bytesExpected, 16)
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// The written bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { (room, filled) in
            UnsafeMutableRawBufferPointer(room).copyMemory(from: UnsafeRawBufferPointer(start: memory, count: count))
            filled = count
        }
    }

    /// Decodes one value from all written bytes.
    @inlinable
    borrowing func decodingAvro<Value>(
        _ read: (inout AvroDecoder) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        var decoder = AvroDecoder(UnsafeRawBufferPointer(start: memory, count: count))
        let value = try read(&decoder)
        try decoder.finish()
        return value
    }

    /// The write position, with room for that many bytes.
    @inline(__always)
    private mutating func room(for bytes: Int) -> UnsafeMutableRawPointer {
        if capacity - count < bytes { grow(by: bytes) }
        return memory + count
    }

    @inline(never)
    private mutating func grow(by bytes: Int) {
        capacity = max(capacity * 2, count + bytes)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        memory = larger
    }

    /// Zig-zag varint: seven bits per byte, least significant first; at most ten bytes.
    @inline(__always)
    private mutating func writeVarint(_ value: Int64, andRoomFor bytes: Int = 0) {
        let start = room(for: 10 + bytes)
        var rest = UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
        var written = 0
        while rest > 0x7f {
            start.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: written, as: UInt8.self)
            written &+= 1
            rest >>= 7
        }
        start.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: written, as: UInt8.self)
        count &+= written &+ 1
    }

    public mutating func write(_ value: Bool) {
        room(for: 1).storeBytes(of: value ? 1 : 0, as: UInt8.self)
        count += 1
    }

    public mutating func write(_ value: Int32) {
        writeVarint(Int64(value))
    }

    public mutating func write(_ value: Int64) {
        writeVarint(value)
    }

    public mutating func write(_ value: Float) {
        room(for: 4).storeBytes(of: value.bitPattern.littleEndian, as: UInt32.self)
        count += 4
    }

    public mutating func write(_ value: Double) {
        room(for: 8).storeBytes(of: value.bitPattern.littleEndian, as: UInt64.self)
        count += 8
    }

    public mutating func write(_ value: String) {
        var value = value
        value.withUTF8 { write(counted: UnsafeRawBufferPointer($0)) }
    }

    /// Length-prefixed bytes.
    public mutating func write(_ value: [UInt8]) {
        value.withUnsafeBytes { write(counted: $0) }
    }

    private mutating func write(counted value: UnsafeRawBufferPointer) {
        writeVarint(Int64(value.count), andRoomFor: value.count)
        writeRaw(value)
    }

    /// Bytes without a length, for fixed types and frames.
    public mutating func writeRaw(_ value: [UInt8]) {
        value.withUnsafeBytes { writeRaw($0) }
    }

    package mutating func writeRaw(_ value: UnsafeRawBufferPointer) {
        guard let start = value.baseAddress else { return }
        room(for: value.count).copyMemory(from: start, byteCount: value.count)
        count += value.count
    }

    /// Milliseconds since 1970, rounded; values outside `Int64` are clamped.
    public mutating func write(_ value: Date) {
        writeVarint(value.millisecondsSince1970)
    }

    /// The index of an enumeration's symbol or a union's branch.
    public mutating func write(index: Int) {
        writeVarint(Int64(index))
    }

    /// An array as one block.
    @inlinable
    public mutating func write<Item>(_ items: [Item], _ writeItem: (inout AvroEncoder, Item) -> Void) {
        if !items.isEmpty {
            write(Int64(items.count))
            for item in items { writeItem(&self, item) }
        }
        write(Int64(0))
    }

    /// A map as one block, sorted by key so that equal maps have equal bytes.
    @inlinable
    public mutating func write<Value>(_ entries: [String: Value], _ writeValue: (inout AvroEncoder, Value) -> Void) {
        if !entries.isEmpty {
            write(Int64(entries.count))
            for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                write(key)
                writeValue(&self, value)
            }
        }
        write(Int64(0))
    }
}

extension AvroEncoder {
    /// A decimal's unscaled value as bytes: big-endian two's complement in the fewest bytes.
    public mutating func write(decimal unscaled: Int64) {
        let significant = 65 - (unscaled < 0 ? ~unscaled : unscaled).leadingZeroBitCount
        let count = (significant + 7) / 8
        write(Int64(count))
        for index in stride(from: count - 1, through: 0, by: -1) {
            room(for: 1).storeBytes(of: UInt8(truncatingIfNeeded: unscaled >> (index * 8)), as: UInt8.self)
            self.count += 1
        }
    }
}
