/// Why another registry could not do what it was asked. Never carries credentials.
public struct SchemaRegistryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A switch over it needs a `default`, since kinds may be added.
    public enum Kind: Sendable {
        /// No address answered as a schema registry does; that may pass.
        case unavailable
        /// It wants other credentials.
        case unauthorized
        /// The schema breaks the subject's rule of compatibility.
        case incompatible
        /// It refused the request for another reason.
        case refused
        /// What it keeps under the id is no Avro schema that stands alone. Asking again cannot help.
        case unreadable
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
