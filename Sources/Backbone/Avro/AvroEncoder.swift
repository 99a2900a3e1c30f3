#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Appends Avro's binary encoding to a buffer.
public struct AvroEncoder: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8]

    /// - Parameter bytesExpected: what to make room for; more is fine.
    public init(bytesExpected: Int = 384) {
        bytes = []
        bytes.reserveCapacity(bytesExpected)
    }

    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    public mutating func write(_ value: Int32) {
        write(Int64(value))
    }

    /// Zig-zag, seven bits a byte, lowest first.
    public mutating func write(_ value: Int64) {
        var rest = UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    public mutating func write(_ value: Float) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Double) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: String) {
        let utf8 = value.utf8
        write(Int64(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    /// Bytes with their length in front.
    public mutating func write(_ value: [UInt8]) {
        write(Int64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Bytes as they are, for fixed types and frames.
    public mutating func writeRaw(_ value: some Sequence<UInt8>) {
        bytes.append(contentsOf: value)
    }

    /// Milliseconds since 1970; what is finer is rounded, what an `Int64` cannot hold is held at its ends.
    public mutating func write(_ value: Date) {
        write(value.millisecondsSince1970)
    }

    /// The position of an enumeration's symbol or a union's branch.
    public mutating func write(index: Int) {
        write(Int64(index))
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

    /// A map as one block, keys in order so that equal maps have equal bytes.
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
    /// A decimal's unscaled value as bytes: two's complement, highest byte first, as few as hold it.
    public mutating func write(decimal unscaled: Int64) {
        let significant = 65 - (unscaled < 0 ? ~unscaled : unscaled).leadingZeroBitCount
        let count = (significant + 7) / 8
        write(Int64(count))
        for index in stride(from: count - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: unscaled >> (index * 8)))
        }
    }
}
