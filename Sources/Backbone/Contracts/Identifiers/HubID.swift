public import Avro
#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// An identifier that says what it names: a prefix, `_`, and as a rule a UUIDv7 in lower-case base32 (26 characters), so that
/// ids made later sort later.
public protocol HubID: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible
where RawValue == String {
    /// For example `usr`.
    static var prefix: StaticString { get }
    /// Whether text from outside is such an id.
    static func accepts(_ utf8: UnsafeRawBufferPointer) -> Bool
    /// Takes text that is known to be such an id, for example because ``accepts(_:)`` said so.
    init(checked rawValue: String)
}

/// Text from outside that is not an id of the kind it should be. The text itself is not repeated: it may be anything.
public struct HubIDError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What it should have begun with.
    public let prefix: String

    public init(prefix: String) { self.prefix = prefix }

    public var description: String { "not an id that begins with \(prefix)_" }
}

extension HubID {
    /// The prefix, `_`, and 1 to 64 lower-case letters and digits.
    public static func accepts(_ utf8: UnsafeRawBufferPointer) -> Bool {
        HubIDText.accepts(utf8, prefix: prefix)
    }

    /// - Throws: ``HubIDError`` when the text is not an id of this kind.
    public init(validating text: String) throws(HubIDError) {
        var text = text
        let isAccepted = text.withUTF8 { Self.accepts(UnsafeRawBufferPointer($0)) }
        guard isAccepted else { throw HubIDError(prefix: String(describing: Self.prefix)) }
        self.init(checked: text)
    }

    /// Nil when the text is not an id of this kind.
    public init?(rawValue: String) {
        guard let id = try? Self(validating: rawValue) else { return nil }
        self = id
    }

    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// A new id. Ids made in one process sort in the order they were made, also within a millisecond and when the clock
    /// steps back.
    public static func make(at time: Date, random: inout some RandomNumberGenerator) -> Self {
        Self(checked: HubIDText.text(prefix: prefix, UUIDv7.next(at: time, random: &random)))
    }

    /// A new id from the system's randomness.
    public static func make(at time: Date) -> Self {
        var random = SystemRandomNumberGenerator()
        return make(at: time, random: &random)
    }
}

enum HubIDText {
    /// What may follow the prefix, at most.
    static let suffixCountMax = 64

    static func accepts(_ utf8: UnsafeRawBufferPointer, prefix: StaticString) -> Bool {
        let suffixStart = prefix.utf8CodeUnitCount + 1
        guard utf8.count > suffixStart, utf8.count <= suffixStart + suffixCountMax else { return false }
        for index in 0..<prefix.utf8CodeUnitCount where utf8[index] != prefix.utf8Start[index] { return false }
        guard utf8[suffixStart - 1] == UInt8(ascii: "_") else { return false }
        return arePlain(UnsafeRawBufferPointer(rebasing: utf8[suffixStart...]))
    }

    /// Whether all are lower-case letters and digits; eight at a time where there are as many.
    private static func arePlain(_ utf8: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count >= 8 else { return utf8.allSatisfy { $0 &- 97 < 26 || $0 &- 48 < 10 } }
        var start = 0
        while true {
            // In ASCII a sum sets a byte's top bit from a certain character on, and carries nothing into its neighbour.
            let word = utf8.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            guard word & everyByte(0x80) == 0 else { return false }
            let isLetter = (word &+ everyByte(0x80 - 97)) & ~(word &+ everyByte(0x80 - 123))
            let isDigit = (word &+ everyByte(0x80 - 48)) & ~(word &+ everyByte(0x80 - 58))
            guard (isLetter | isDigit) & everyByte(0x80) == everyByte(0x80) else { return false }
            if start + 8 == utf8.count { return true }
            start = min(start + 8, utf8.count - 8)
        }
    }

    @inline(__always)
    private static func everyByte(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    /// Crockford's alphabet in lower case: sorts as the number does.
    private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"

    static func text(prefix: StaticString, _ value: UInt128) -> String {
        let prefixCount = prefix.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: prefixCount + 27) { utf8 in
            for index in 0..<prefixCount { utf8[index] = prefix.utf8Start[index] }
            utf8[prefixCount] = UInt8(ascii: "_")
            var rest = value
            for index in stride(from: 25, through: 0, by: -1) {
                utf8[prefixCount + 1 + index] = alphabet.utf8Start[Int(truncatingIfNeeded: rest & 31)]
                rest >>= 5
            }
            return prefixCount + 27
        }
    }
}

extension AvroDecoder {
    /// A string that is an id of the kind.
    public mutating func id<ID: HubID>(_ kind: ID.Type = ID.self) throws(AvroError) -> ID {
        let start = position
        let utf8 = try text()
        guard ID.accepts(utf8) else {
            throw AvroError(.invalidValue, "not an id that begins with \(ID.prefix)_", at: start)
        }
        return ID(checked: String(decoding: utf8.assumingMemoryBound(to: UInt8.self), as: UTF8.self))
    }
}
