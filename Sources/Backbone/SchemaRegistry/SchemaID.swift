#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The id in a message that identifies the writer's schema.
public enum SchemaID: Hashable, Sendable, CustomStringConvertible {
    /// The id in a Confluent-compatible registry, such as the embedded one.
    case number(Int32)
    /// Of an AWS Glue registry: the schema version's UUID.
    case uuid(UUID)

    public var description: String {
        switch self {
        case .number(let number): String(number)
        case .uuid(let uuid): uuid.uuidString.lowercased()
        }
    }
}
