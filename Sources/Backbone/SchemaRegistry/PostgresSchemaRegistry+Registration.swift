public import Avro
internal import Postgres

extension PostgresSchemaRegistry {
    /// The maximum number of reasons in a refusal; a large schema may break a rule in thousands of places.
    private static let reasonCountMax = 50

    /// Registers a schema as the next version of a subject, unless the subject already has it.
    /// - Parameter number: the required version number; nil for any.
    /// - Throws: ``RegistryRefusal``.
    public nonisolated(nonsending) func register(
        _ schema: Schema, subject: String, as number: Int32?
    ) async throws -> StoredVersion {
        let text = try await burning { schema.normalText }
        if number == nil, let same = try await version(with: text, in: subject) { return same }
        return try await writing { transaction in
            let live = try await versions(of: subject, on: transaction)
            if number == nil, let same = try await sameVersion(in: live, as: text, on: transaction) { return same }
            let rules = try await rules(of: subject, on: transaction)
            try rules.checkWritable(subject)
            try checkRoom(for: text, in: live, subject)
            let reasons = try await incompatibilities(of: schema, with: live, by: rules.compatibility)
            if !reasons.isEmpty { throw RegistryRefusal.incompatible(subject: subject, reasons) }
            return try await insert(text, subject, as: number, on: transaction)
        }
    }

    /// Why a schema cannot be the next version of a subject, or is incompatible with one version, by the subject's rule.
    /// - Parameter choice: nil for the versions selected by the rule.
    /// - Throws: ``RegistryRefusal/subjectNotFound(_:)``, ``RegistryRefusal/versionNotFound(_:)``; not for the latest version of an empty
    ///   subject.
    public nonisolated(nonsending) func incompatibilities(
        of schema: Schema, subject: String, with choice: VersionChoice?
    ) async throws -> [String] {
        var versions = try await versions(of: subject, on: database)
        switch choice {
        case .latest?: versions = Array(versions.suffix(1))
        case .number(let number)?:
            if versions.isEmpty { throw RegistryRefusal.subjectNotFound(subject) }
            versions = versions.filter { $0.version == number }
            if versions.isEmpty { throw RegistryRefusal.versionNotFound(number) }
        case nil: break
        }
        let rule = try await rules(of: subject, on: database).compatibility
        return try await incompatibilities(of: schema, with: versions, by: rule)
    }

    private nonisolated(nonsending) func incompatibilities(
        of schema: Schema, with versions: [StoredVersion], by rule: CompatibilityMode
    ) async throws -> [String] {
        if rule == .none || versions.isEmpty { return [] }
        return try await burning { [self] in
            rule.violations(of: schema, after: try versions.map { try parsed($0) }).prefix(Self.reasonCountMax)
                .map { "\($0.incompatibility) (\($0.direction.rawValue) \(versions[$0.version - 1].version))" }
        }
    }

    /// Checks again under the writer lock. Schemas from before the normal form was stored are converted to it.
    private nonisolated(nonsending) func sameVersion(
        in live: [StoredVersion], as text: String, on transaction: Transaction
    ) async throws -> StoredVersion? {
        if let same = live.first(where: { $0.text == text }) { return same }
        let same = try await burning { [self] in try live.first { try parsed($0).normalText == text } }
        if let same {
            try await transaction.execute(
                """
                update registry.schema set text = \(text) where id = \(same.id)
                    and not exists (select from registry.schema where md5(text) = md5(\(text)))
                """)
        }
        return same
    }

    private func checkRoom(for text: String, in live: [StoredVersion], _ subject: String) throws {
        let bytes = live.reduce(text.utf8.count) { $0 + $1.text.utf8.count }
        if live.count >= Self.versionCountMax || bytes > Self.versionBytesMax { throw RegistryRefusal.full(subject) }
    }

    /// A schema that was deleted from the subject keeps its id and becomes a new version.
    private nonisolated(nonsending) func insert(
        _ text: String, _ subject: String, as number: Int32?, on transaction: Transaction
    ) async throws -> StoredVersion {
        try await transaction.execute(
            """
            insert into registry.schema (text) select \(text)
            where not exists (select from registry.schema where md5(text) = md5(\(text)))
            """)
        let rows = try await transaction.query(
            """
            select id, (select coalesce(max(version), 0) + 1 from registry.version where subject = \(subject))
            from registry.schema where md5(text) = md5(\(text))
            """)
        guard let (id, next) = try rows.first?.decode(Int32.self, Int32.self) else {
            throw RegistryRefusal.schemaNotFound
        }
        if let number, number != next { throw RegistryRefusal.notTheNextVersion(next: next) }
        try await transaction.execute(
            "delete from registry.version where subject = \(subject) and schema_id = \(id) and deleted_at is not null")
        try await transaction.execute(
            "insert into registry.version (subject, version, schema_id) values (\(subject), \(next), \(id))")
        return StoredVersion(subject: subject, version: next, id: id, text: text, isDeleted: false)
    }
}
