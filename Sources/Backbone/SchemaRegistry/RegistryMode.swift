/// What may be done with the versions of a subject, in the terms of Confluent's registry. Its mode for imports is not here: the
/// embedded registry gives its ids itself, so that one id never means two schemas.
public enum RegistryMode: String, CaseIterable, Sendable {
    case readWrite = "READWRITE"
    /// Nothing new is registered and nothing deleted.
    case readOnly = "READONLY"
    /// The same for all subjects, whatever the mode of each says.
    case readOnlyOverride = "READONLY_OVERRIDE"
}
