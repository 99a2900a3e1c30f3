internal import Postgres

/// A deleted version is hidden and ignored in compatibility checks, but its id still resolves to its schema. A permanently deleted
/// version is removed; the schema keeps its row and id, so that messages stay readable and the same schema never gets another id.
extension PostgresSchemaRegistry {
    /// - Returns: the deleted versions.
    /// - Throws: ``RegistryRefusal``.
    public nonisolated(nonsending) func delete(subject: String, permanently: Bool) async throws -> [Int32] {
        try await writing { transaction in
            try await rules(of: subject, on: transaction).checkWritable(subject)
            let all = try await deletions(in: subject, on: transaction)
            let chosen = all.filter { permanently || !$0.isDeleted }.map(\.version)
            if all.isEmpty { throw RegistryRefusal.subjectNotFound(subject) }
            if permanently, all.contains(where: { !$0.isDeleted }) { throw RegistryRefusal.subjectNotDeleted(subject) }
            if chosen.isEmpty { throw RegistryRefusal.subjectDeleted(subject) }
            try await delete(chosen, of: subject, permanently, on: transaction)
            return chosen
        }
    }

    /// - Returns: the deleted version.
    /// - Throws: ``RegistryRefusal``.
    public nonisolated(nonsending) func delete(
        _ choice: VersionChoice, of subject: String, permanently: Bool
    ) async throws -> Int32 {
        try await writing { transaction in
            try await rules(of: subject, on: transaction).checkWritable(subject)
            let all = try await deletions(in: subject, on: transaction)
            let chosen =
                switch choice {
                case .latest: all.last { !$0.isDeleted }
                case .number(let number): all.first { $0.version == number }
                }
            guard let chosen else {
                if !all.isEmpty, case .number(let number) = choice { throw RegistryRefusal.versionNotFound(number) }
                throw RegistryRefusal.subjectNotFound(subject)
            }
            if permanently, !chosen.isDeleted { throw RegistryRefusal.versionNotDeleted(subject, chosen.version) }
            if !permanently, chosen.isDeleted { throw RegistryRefusal.versionDeleted(subject, chosen.version) }
            try await delete([chosen.version], of: subject, permanently, on: transaction)
            return chosen.version
        }
    }

    private nonisolated(nonsending) func deletions(
        in subject: String, on transaction: Transaction
    ) async throws -> [(version: Int32, isDeleted: Bool)] {
        let rows = try await transaction.query(
            "select version, deleted_at is not null from registry.version where subject = \(subject) order by version")
        return try rows.map { try $0.decode(Int32.self, Bool.self) }
    }

    /// A subject without versions loses its rules.
    private nonisolated(nonsending) func delete(
        _ versions: [Int32], of subject: String, _ permanently: Bool, on transaction: Transaction
    ) async throws {
        if permanently {
            try await transaction.execute(
                "delete from registry.version where subject = \(subject) and version = any(\(versions))")
        } else {
            try await transaction.execute(
                """
                update registry.version set deleted_at = clock_timestamp()
                where subject = \(subject) and version = any(\(versions))
                """)
        }
        try await transaction.execute(
            """
            delete from registry.rule where subject = \(subject)
                and not exists (select from registry.version where subject = \(subject) and deleted_at is null)
            """)
    }
}
