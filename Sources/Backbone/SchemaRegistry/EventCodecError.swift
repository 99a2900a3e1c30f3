public import Avro

/// Why a message could not be written or read. Never carries the message's data.
public struct EventCodecError: Error, Sendable, CustomStringConvertible {
    /// A switch over it needs a `default`, since kinds may be added.
    public enum Kind: Sendable {
        /// ``EventCodec/prepare(_:)`` was not called for this event.
        case notPrepared
        /// The bytes do not begin with a schema id. Trying again cannot help.
        case malformedFrame
        /// The registry has no schema of that id.
        case unknownSchema
        /// The body is not what its schema says. Trying again cannot help.
        case malformedBody
        /// What the message's schema writes cannot be read as the event. Trying again cannot help.
        case incompatibleSchema
        /// The registry did not answer; it may later.
        case registryUnavailable
    }

    public let kind: Kind
    public let detail: String
    /// What the codec said, for a malformed body or an incompatible schema.
    public let avro: AvroError?

    public init(_ kind: Kind, _ detail: String, avro: AvroError? = nil) {
        self.kind = kind
        self.detail = detail
        self.avro = avro
    }

    /// Whether the same bytes will fail again, however often they are tried.
    public var isPermanent: Bool {
        switch kind {
        case .malformedFrame, .malformedBody, .incompatibleSchema: true
        case .notPrepared, .unknownSchema, .registryUnavailable: false
        }
    }

    public var description: String { "\(kind): \(detail)" }
}
