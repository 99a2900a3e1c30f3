/// The name an object is kept under: parts of letters, digits, `.`, `_` and `-`, with `/` between them. Nothing in it means anything
/// to a file system or to a URL, and no part begins with a dot.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// With the longest name a file may have.
    public static let bytesMax = 200

    public let text: String
    public var description: String { text }

    /// - Throws: ``ObjectStoreError/badKey`` when it is no such name.
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

    /// In the order of bytes, as S3 lists keys.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
