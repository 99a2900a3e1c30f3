/// The key of an object: parts of letters, digits, `.`, `_` and `-`, separated by `/`. No part begins with a dot. No character is special
/// in a file system or URL.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The maximum length of a file name.
    public static let bytesMax = 200

    public let text: String
    public var description: String { text }

    /// - Throws: ``ObjectStoreError/badKey`` when the text is not a valid key.
    public init(_ text: String) throws(ObjectStoreError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.allSatisfy(Self.isPart) else { throw .badKey }
        self.text = text
    }

    private static func isPart(_ part: Substring.UTF8View.SubSequence) -> Bool {
        part.first.map { $0 != UInt8(ascii: ".") } ?? false && part.allSatisfy(isPlain)
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// In byte order, as S3 lists keys.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
