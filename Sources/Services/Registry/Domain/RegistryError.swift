internal import SchemaRegistry

/// An error in the form of Confluent's API: a code that clients compare, and a sentence.
struct RegistryError: Error, Equatable {
    /// Three digits are the HTTP status; of five digits the first three are.
    let code: Int
    let message: String

    var status: Int { code < 1_000 ? code : code / 100 }

    init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    static func invalidSchema(_ reason: String) -> RegistryError { RegistryError(42201, reason) }

    static func invalidVersion(_ text: String) -> RegistryError {
        RegistryError(
            42202,
            "The specified version '\(text)' is not a valid version id. "
                + "Allowed values are between [1, 2^31-1] and the string \"latest\"")
    }

    static let invalidCompatibility = RegistryError(
        42203,
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, "
            + "and full_transitive")

    static func invalidMode(_ reason: String) -> RegistryError {
        RegistryError(42204, "Invalid mode: \(reason). Valid values are READWRITE, READONLY and READONLY_OVERRIDE.")
    }

    static func notPermitted(_ reason: String) -> RegistryError { RegistryError(42205, reason) }

    static func invalidSubject(_ reason: String) -> RegistryError { RegistryError(42208, reason) }

    static func compatibilityNotSet(_ subject: String) -> RegistryError {
        RegistryError(40408, "Subject '\(subject)' does not have subject-level compatibility configured")
    }

    static func modeNotSet(_ subject: String) -> RegistryError {
        RegistryError(40409, "Subject '\(subject)' does not have subject-level mode configured")
    }

    static func schemaNotFound(_ id: Int32) -> RegistryError { RegistryError(40403, "Schema \(id) not found") }

    init(_ refusal: RegistryRefusal) {
        let code =
            switch refusal {
            case .subjectNotFound: 40401
            case .versionNotFound: 40402
            case .schemaNotFound: 40403
            case .subjectDeleted: 40404
            case .subjectNotDeleted: 40405
            case .versionDeleted: 40406
            case .versionNotDeleted: 40407
            case .incompatible: 409
            case .notTheNextVersion: 42201
            case .readOnly: 42205
            case .full: 42209
            }
        self.init(code, refusal.description)
    }
}
