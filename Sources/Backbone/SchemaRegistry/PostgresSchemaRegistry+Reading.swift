internal import Postgres

extension PostgresSchemaRegistry {
    /// Sorted by name. A subject counts as deleted when all its versions are.
    public nonisolated(nonsending) func subjects(
        withPrefix prefix: String, deleted: DeletedVersions = .hidden, page: ListPage = ListPage()
    ) async throws -> [String] {
        let rows = try await database.query(
            """
            select subject from registry.version where starts_with(subject, \(prefix)) group by subject
            having case when bool_and(deleted_at is not null) then not \(deleted.hidesDeleted) else not \(deleted.hidesLive) end
            order by subject collate "C" offset \(page.offset) limit \(page.limit)
            """)
        return try rows.map { try $0.decode(String.self) }
    }

    /// The versions of all subjects with a prefix, sorted by subject and version: as many as fit into `bytesMax` bytes of schemas, at
    /// least one.
    public nonisolated(nonsending) func versions(
        ofSubjectsWithPrefix prefix: String, deleted: DeletedVersions, latestOnly: Bool, page: ListPage, bytesMax: Int64
    ) async throws -> [StoredVersion] {
        let rows = try await database.query(
            """
            select subject, version, id, text, is_deleted from (
                select *, sum(octet_length(text)) over (order by subject collate "C", version) - octet_length(text) as before
                from (
                    select v.subject, v.version, s.id, s.text, v.deleted_at is not null as is_deleted
                    from registry.version v join registry.schema s on s.id = v.schema_id
                    where starts_with(v.subject, \(prefix))
                        and case when v.deleted_at is null then not \(deleted.hidesLive) else not \(deleted.hidesDeleted) end
                        and (not \(latestOnly) or not exists (
                            select from registry.version l where l.subject = v.subject and l.version > v.version
                                and case when l.deleted_at is null then not \(deleted.hidesLive)
                                    else not \(deleted.hidesDeleted) end))
                    order by v.subject collate "C", v.version offset \(page.offset) limit \(page.limit)
                ) page
            ) weighed where before <= \(bytesMax) order by subject collate "C", version
            """)
        return try Self.versions(in: rows)
    }

    /// A subject's version numbers, oldest first.
    /// - Throws: ``RegistryRefusal/subjectNotFound(_:)``, also for a subject whose versions are all hidden.
    public nonisolated(nonsending) func versionNumbers(
        of subject: String, deleted: DeletedVersions, page: ListPage
    ) async throws -> [Int32] {
        let rows = try await database.query(
            """
            select version, deleted_at is not null from registry.version where subject = \(subject) order by version
            """)
        let all = try rows.map { try $0.decode(Int32.self, Bool.self) }
        if !all.contains(where: { deleted != .hidden || !$0.1 }) { throw RegistryRefusal.subjectNotFound(subject) }
        return all.filter { $0.1 ? !deleted.hidesDeleted : !deleted.hidesLive }.map(\.0)
            .dropFirst(Int(clamping: page.offset)).prefix(Int(clamping: page.limit)).map { $0 }
    }

    /// - Throws: ``RegistryRefusal/subjectNotFound(_:)``, ``RegistryRefusal/versionNotFound(_:)``.
    public nonisolated(nonsending) func version(
        _ choice: VersionChoice, of subject: String, deleted: DeletedVersions = .hidden
    ) async throws -> StoredVersion {
        let number: Int32? = if case .number(let number) = choice { number } else { nil }
        let rows = try await database.query(
            """
            select v.subject, v.version, s.id, s.text, v.deleted_at is not null
            from registry.version v join registry.schema s on s.id = v.schema_id
            where v.subject = \(subject) and v.version = coalesce(\(number as Int32?), v.version)
                and (v.deleted_at is null or not \(deleted.hidesDeleted))
            order by v.version desc limit 1
            """)
        if let found = try Self.versions(in: rows).first { return found }
        _ = try await versionNumbers(of: subject, deleted: deleted, page: ListPage())
        throw number.map { RegistryRefusal.versionNotFound($0) } ?? .subjectNotFound(subject)
    }

    /// The version of a subject with a given schema, the latest if there are several.
    /// - Parameter text: in normal form.
    /// - Returns: nil when none has.
    public nonisolated(nonsending) func version(
        with text: String, in subject: String, deleted: DeletedVersions = .hidden
    ) async throws -> StoredVersion? {
        let rows = try await database.query(
            """
            select v.subject, v.version, s.id, s.text, v.deleted_at is not null
            from registry.schema s join registry.version v on v.schema_id = s.id
            where md5(s.text) = md5(\(text)) and v.subject = \(subject)
                and (v.deleted_at is null or not \(deleted.hidesDeleted))
            """)
        return try Self.versions(in: rows).first
    }

    /// The versions with a given schema, sorted by subject; without permanently deleted ones.
    public nonisolated(nonsending) func versions(withID id: Int32) async throws -> [StoredVersion] {
        let rows = try await database.query(
            """
            select v.subject, v.version, s.id, s.text, v.deleted_at is not null
            from registry.version v join registry.schema s on s.id = v.schema_id
            where s.id = \(id) order by v.subject collate "C"
            """)
        return try Self.versions(in: rows)
    }

    /// 0 when nothing is registered.
    public nonisolated(nonsending) func highestID() async throws -> Int32 {
        try await database.query("select coalesce(max(schema_id), 0) from registry.version").first?
            .decode(Int32.self) ?? 0
    }

    /// The versions of a subject that are not deleted, oldest first.
    nonisolated(nonsending) func versions(
        of subject: String, on statements: some Statements
    ) async throws -> [StoredVersion] {
        let rows = try await statements.query(
            """
            select v.subject, v.version, s.id, s.text, false
            from registry.version v join registry.schema s on s.id = v.schema_id
            where v.subject = \(subject) and v.deleted_at is null order by v.version
            """)
        return try Self.versions(in: rows)
    }

    private static func versions(in rows: Rows) throws -> [StoredVersion] {
        try rows.map { row in
            let (subject, version, id, text, isDeleted) = try row.decode(
                String.self, Int32.self, Int32.self, String.self, Bool.self)
            return StoredVersion(subject: subject, version: version, id: id, text: text, isDeleted: isDeleted)
        }
    }
}
