/// Why an external registry request failed. Errors contain no credentials.
public struct SchemaRegistryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A switch over it needs a `default`: kinds may be added.
    public enum Kind: Sendable {
        /// No address responded as a schema registry; this may be temporary.
        case unavailable
        /// The registry rejected the credentials.
        case unauthorized
        /// The schema violates the subject's compatibility level.
        case incompatible
        /// The registry refused the request for another reason.
        case refused
        /// The schema with the id is not a self-contained Avro schema. Permanent.
        case unreadable
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
