/// The allowed operations on a subject's versions, in the terms of Confluent's registry. Confluent's import mode is not supported: the
/// embedded registry assigns all ids itself, so that one id never means two schemas.
public enum RegistryMode: String, CaseIterable, Sendable {
    case readWrite = "READWRITE"
    /// No registration and no deletion.
    case readOnly = "READONLY"
    /// Read-only for all subjects, whatever their own modes are.
    case readOnlyOverride = "READONLY_OVERRIDE"
}
