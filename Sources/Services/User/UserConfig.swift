internal import Platform
internal import Secrets

/// The operator's settings of this service. Read once, at start.
struct UserConfig: Sendable {
    /// Memory per argon2id hash in KiB. Source of the default: OWASP Password Storage Cheat Sheet.
    static let passwordMemory = Setting<Int>(
        "HUB_PASSWORD_MEMORY_KIB", default: 19_456, "Memory each password hash takes, in KiB, from 8 to 1048576.")

    /// Passes over that memory.
    static let passwordIterations = Setting<Int>(
        "HUB_PASSWORD_ITERATIONS", default: 2, "Passes of a password hash over its memory, from 1 to 32.")

    /// The first administrator's address; none is created when unset.
    static let adminEmail = Setting<String>(
        "HUB_ADMIN_EMAIL", "E-mail of the first administrator, created once at start together with HUB_ADMIN_PASSWORD.")

    /// The first administrator's password. A secret.
    static let adminPassword = Setting<String>(
        "HUB_ADMIN_PASSWORD", secret: true, "Password of the first administrator, at least 12 characters.")

    /// The name of the setting for a field of the first administrator's account.
    static func settingName(of field: String) -> String {
        field == "password" ? adminPassword.name : adminEmail.name
    }

    static let declarations = [
        passwordMemory.declaration, passwordIterations.declaration, adminEmail.declaration, adminPassword.declaration,
    ]

    let hash: PasswordHash.Parameters
    /// nil when no administrator is to be created.
    let firstAdmin: (email: String, password: String)?

    init(_ settings: Settings) throws(SettingsError) {
        hash = PasswordHash.Parameters(
            memoryKiB: try Self.passwordMemory.bounded(8...1_048_576, settings),
            iterations: try Self.passwordIterations.bounded(1...32, settings))
        if let email = try settings.optional(Self.adminEmail) {
            firstAdmin = (email, try settings.value(Self.adminPassword))
        } else {
            firstAdmin = nil
        }
    }
}

extension Setting<Int> {
    fileprivate func bounded(_ range: ClosedRange<Int>, _ settings: Settings) throws(SettingsError) -> UInt32 {
        let number = try settings.value(self)
        guard range.contains(number) else {
            throw .invalid(name: name, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return UInt32(number)
    }
}
