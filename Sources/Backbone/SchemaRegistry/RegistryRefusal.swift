/// A request that the embedded registry refused.
public enum RegistryRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case subjectNotFound(String)
    case versionNotFound(Int32)
    /// The subject has no such schema.
    case schemaNotFound
    /// It is already deleted; it can only be deleted permanently.
    case subjectDeleted(String)
    case versionDeleted(String, Int32)
    /// A permanent deletion requires a normal deletion first.
    case subjectNotDeleted(String)
    case versionNotDeleted(String, Int32)
    /// The schema violates the subject's compatibility level: one sentence per violation.
    case incompatible(subject: String, [String])
    /// The client requested a version number other than the next one.
    case notTheNextVersion(next: Int32)
    case readOnly(String)
    /// The subject has reached the maximum number or size of versions.
    case full(String)

    public var description: String {
        switch self {
        case .subjectNotFound(let subject): "Subject '\(subject)' not found."
        case .versionNotFound(let version): "Version \(version) not found."
        case .schemaNotFound: "Schema not found"
        case .subjectDeleted(let subject):
            "Subject '\(subject)' was soft deleted. Set permanent=true to delete permanently"
        case .versionDeleted(let subject, let version):
            "Subject '\(subject)' Version \(version) was soft deleted. Set permanent=true to delete permanently"
        case .subjectNotDeleted(let subject):
            "Subject '\(subject)' was not deleted first before being permanently deleted"
        case .versionNotDeleted(let subject, let version):
            "Subject '\(subject)' Version \(version) was not deleted first before being permanently deleted"
        case .incompatible(let subject, let reasons):
            "Schema being registered is incompatible with an earlier schema for subject \"\(subject)\", details: "
                + "[\(reasons.joined(separator: ", "))]"
        case .notTheNextVersion(let next): "The next version is \(next); omit \"version\" to use it"
        case .readOnly(let subject): "Subject \(subject) is in read-only mode"
        case .full(let subject):
            "Subject '\(subject)' may have at most \(PostgresSchemaRegistry.versionCountMax) versions of "
                + "\(PostgresSchemaRegistry.versionBytesMax) bytes together"
        }
    }
}
