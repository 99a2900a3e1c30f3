/// What the embedded registry refuses.
public enum RegistryRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case subjectNotFound(String)
    case versionNotFound(Int32)
    /// The subject has no such schema.
    case schemaNotFound
    /// It is deleted already; what is left is to delete it permanently.
    case subjectDeleted(String)
    case versionDeleted(String, Int32)
    /// Only what is deleted already is deleted permanently.
    case subjectNotDeleted(String)
    case versionNotDeleted(String, Int32)
    /// The schema breaks the subject's rule of compatibility: one sentence for each break.
    case incompatible(subject: String, [String])
    /// The client asked for another version number than the next.
    case notTheNextVersion(next: Int32)
    case readOnly(String)
    /// The subject has as many versions, or as many bytes of them, as it may.
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
        case .notTheNextVersion(let next): "The next version is \(next); leave \"version\" out to be given it"
        case .readOnly(let subject): "Subject \(subject) is in read-only mode"
        case .full(let subject):
            "Subject '\(subject)' may have at most \(PostgresSchemaRegistry.versionCountMax) versions of "
                + "\(PostgresSchemaRegistry.versionBytesMax) bytes together"
        }
    }
}
