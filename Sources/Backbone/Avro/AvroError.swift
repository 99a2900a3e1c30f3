/// Why a schema, a message or a conversion was refused. Errors contain no message data, so they may be logged.
public struct AvroError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of refusal. A switch over it needs a `default`: kinds may be added.
    public enum Reason: String, Sendable {
        /// The bytes end inside a value.
        case truncated
        /// A variable-length integer is longer than its type, or does not fit it.
        case malformedNumber
        /// A length or a count is negative, or larger than what the remaining bytes can hold.
        case lengthOutOfBounds
        /// A string is not UTF-8.
        case malformedText
        /// A boolean is neither 0 nor 1.
        case malformedBoolean
        /// The union has no such branch.
        case unknownBranch
        /// The enumeration has no such symbol and no default.
        case unknownSymbol
        /// Values are nested deeper than the limit.
        case tooDeep
        /// Trailing bytes follow the value.
        case trailingBytes
        /// A value breaks a rule of its type: an id without its prefix, a decimal with too many digits.
        case invalidValue
        /// The text is not JSON, or larger or deeper than the limit.
        case malformedJSON
        /// The text is JSON but not an Avro schema.
        case malformedSchema
        /// The value does not have the shape its schema asks for.
        case schemaMismatch
        /// A reader's schema cannot read what the writer's schema writes.
        case incompatibleSchemas
    }

    public let reason: Reason
    /// The details with the place: a schema path, a field, a symbol count.
    public let detail: String
    /// The byte offset of the error in the Avro body or JSON text.
    public let byteOffset: Int?

    public init(_ reason: Reason, _ detail: String = "", at byteOffset: Int? = nil) {
        self.reason = reason
        self.detail = detail
        self.byteOffset = byteOffset
    }

    public var description: String {
        var text = reason.rawValue
        if !detail.isEmpty { text += ": \(detail)" }
        if let byteOffset { text += " (byte \(byteOffset))" }
        return text
    }
}
