public import Avro

/// Why a message could not be encoded or decoded. Errors contain no message data.
public struct EventCodecError: Error, Sendable, CustomStringConvertible {
    /// A switch over it needs a `default`: kinds may be added.
    public enum Kind: Sendable {
        /// ``EventCodec/prepare(_:)`` was not called for this event.
        case notPrepared
        /// The bytes do not begin with a schema id. Permanent.
        case malformedFrame
        /// The registry has no schema with that id.
        case unknownSchema
        /// The body does not match its schema. Permanent.
        case malformedBody
        /// The message's schema cannot be read as the event's. Permanent.
        case incompatibleSchema
        /// The registry did not respond; a retry may succeed.
        case registryUnavailable
    }

    public let kind: Kind
    public let detail: String
    /// The codec's error, for a malformed body or an incompatible schema.
    public let avro: AvroError?

    public init(_ kind: Kind, _ detail: String, avro: AvroError? = nil) {
        self.kind = kind
        self.detail = detail
        self.avro = avro
    }

    /// Whether a retry with the same bytes will always fail.
    public var isPermanent: Bool {
        switch kind {
        case .malformedFrame, .malformedBody, .incompatibleSchema: true
        case .notPrepared, .unknownSchema, .registryUnavailable: false
        }
    }

    public var description: String { "\(kind): \(detail)" }
}
