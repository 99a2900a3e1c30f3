#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What a message carries to say which schema wrote it.
public enum SchemaID: Hashable, Sendable, CustomStringConvertible {
    /// Of a registry in Confluent's manner, the embedded one included.
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
