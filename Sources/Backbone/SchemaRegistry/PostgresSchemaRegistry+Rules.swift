public import Avro
internal import Postgres

/// The rule that applies to a subject: its own, otherwise the global one, otherwise the default.
struct RegistryRules {
    var compatibility = PostgresSchemaRegistry.compatibilityStandard
    var mode = RegistryMode.readWrite

    func checkWritable(_ subject: String?) throws(RegistryRefusal) {
        if mode != .readWrite { throw .readOnly(subject.map { "'\($0)'" } ?? "of any name") }
    }
}

extension PostgresSchemaRegistry {
    /// The compatibility level that applies to a subject.
    public nonisolated(nonsending) func compatibility(of subject: String?) async throws -> CompatibilityMode {
        try await rules(of: subject, on: database).compatibility
    }

    /// The mode that applies to a subject.
    public nonisolated(nonsending) func mode(of subject: String?) async throws -> RegistryMode {
        try await rules(of: subject, on: database).mode
    }

    /// The level set for this subject, or globally when the subject is nil; nil when none is set.
    public nonisolated(nonsending) func compatibilitySet(for subject: String?) async throws -> CompatibilityMode? {
        try await ownRule(of: subject, on: database).compatibility
    }

    /// As ``compatibilitySet(for:)``.
    public nonisolated(nonsending) func modeSet(for subject: String?) async throws -> RegistryMode? {
        try await ownRule(of: subject, on: database).mode
    }

    /// - Parameters:
    ///   - compatibility: nil to fall back to the more general rule.
    ///   - subject: nil for all subjects without their own rule.
    /// - Returns: the previous value.
    /// - Throws: ``RegistryRefusal/readOnly(_:)``.
    public nonisolated(nonsending) func setCompatibility(
        _ compatibility: CompatibilityMode?, of subject: String?
    ) async throws -> CompatibilityMode? {
        try await writing { transaction in
            try await rules(of: subject, on: transaction).checkWritable(subject)
            let before = try await ownRule(of: subject, on: transaction)
            try await keep(compatibility, before.mode, of: subject, on: transaction)
            return before.compatibility
        }
    }

    /// As ``setCompatibility(_:of:)``, also for read-only subjects.
    public nonisolated(nonsending) func setMode(
        _ mode: RegistryMode?, of subject: String?
    ) async throws -> RegistryMode? {
        try await writing { transaction in
            let before = try await ownRule(of: subject, on: transaction)
            try await keep(before.compatibility, mode, of: subject, on: transaction)
            return before.mode
        }
    }

    /// A global override takes precedence over each subject's mode.
    nonisolated(nonsending) func rules(
        of subject: String?, on statements: some Statements
    ) async throws -> RegistryRules {
        let general = try await ownRule(of: nil, on: statements)
        let own = subject == nil ? general : try await ownRule(of: subject, on: statements)
        var rules = RegistryRules()
        if let compatibility = own.compatibility ?? general.compatibility { rules.compatibility = compatibility }
        if let mode = general.mode == .readOnlyOverride ? general.mode : own.mode ?? general.mode { rules.mode = mode }
        return rules
    }

    private nonisolated(nonsending) func ownRule(
        of subject: String?, on statements: some Statements
    ) async throws -> (compatibility: CompatibilityMode?, mode: RegistryMode?) {
        let rows = try await statements.query(
            "select compatibility, mode from registry.rule where subject is not distinct from \(subject as String?)")
        guard let row = rows.first else { return (nil, nil) }
        let (compatibility, mode) = try row.decode(String?.self, String?.self)
        return (compatibility.flatMap(CompatibilityMode.init), mode.flatMap(RegistryMode.init))
    }

    private nonisolated(nonsending) func keep(
        _ compatibility: CompatibilityMode?, _ mode: RegistryMode?, of subject: String?, on transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            insert into registry.rule (subject, compatibility, mode)
            values (\(subject as String?), \(compatibility?.rawValue as String?), \(mode?.rawValue as String?))
            on conflict (subject) do update set compatibility = excluded.compatibility, mode = excluded.mode
            """)
    }
}
