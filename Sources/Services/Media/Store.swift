internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People()

    // MARK: People

    /// Inserts a tombstone. Media of a course are kept, without owner and file name.
    /// - Returns: the deleted media.
    func erasePerson(_ id: UserID, at time: Date, on tx: Transaction) async throws -> [MediaID] {
        people.erase(id, at: time, on: tx)
        tx.submit(
            """
            update medium set owner_id = null, file_name = 'file'
            where owner_id = \(id.rawValue) and course_id is not null
            """)
        return try await tx.query(
            "delete from medium where owner_id = \(id.rawValue) returning id"
        ).map { MediaID(checked: try $0.decode(String.self)) }
    }

    // MARK: Media

    func insert(_ medium: Medium, on tx: Transaction) {
        tx.submit(
            """
            insert into medium (id, owner_id, course_id, lesson_id, file_name, content_type, size_bytes, sha256, state,
                created_at)
            values (\(medium.id.rawValue), \(medium.ownerID?.rawValue as String?),
                \(medium.place.courseID?.rawValue as String?), \(medium.place.lessonID?.rawValue as String?),
                \(medium.fileName), \(medium.type.rawValue), \(medium.sizeBytes), \(medium.sha256),
                \(medium.state.rawValue), \(medium.createdAt))
            """)
    }

    /// A person's incomplete uploads, and the total size of their files as announced.
    func findUsage(of owner: UserID, on tx: Transaction) async throws -> (uploadCount: Int, sizeBytes: Int) {
        try await tx.query(
            """
            select count(*) filter (where state = 'UPLOADING'), coalesce(sum(size_bytes), 0)::bigint
            from medium where owner_id = \(owner.rawValue)
            """
        ).first?.decode(Int.self, Int.self) ?? (0, 0)
    }

    func find(_ id: MediaID, on statements: some Statements) async throws -> Medium? {
        try await statements.query("select \(Self.columns) from medium where id = \(id.rawValue)").first.flatMap(medium)
    }

    /// Also true for a row written by a newer version of the program.
    func exists(_ id: MediaID, on statements: some Statements) async throws -> Bool {
        try await !statements.query("select id from medium where id = \(id.rawValue)").isEmpty
    }

    /// The medium, locked until the transaction ends.
    func lock(_ id: MediaID, on tx: Transaction) async throws -> Medium? {
        try await tx.query("select \(Self.columns) from medium where id = \(id.rawValue) for update").first
            .flatMap(medium)
    }

    func update(_ medium: Medium, on tx: Transaction) {
        tx.submit(
            """
            update medium set state = \(medium.state.rawValue), error = \(medium.error as String?),
                duration_seconds = \(medium.durationSeconds as Double?)
            where id = \(medium.id.rawValue)
            """)
    }

    func delete(_ id: MediaID, on tx: Transaction) { tx.submit("delete from medium where id = \(id.rawValue)") }

    /// - Returns: false while another request assembles the parts, and when the upload is complete.
    func beginAssembly(
        of id: MediaID, at time: Date, until end: Date, on statements: some Statements
    ) async throws -> Bool {
        try await statements.execute(
            """
            update medium set assembling_until = \(end)
            where id = \(id.rawValue) and state = 'UPLOADING'
                and (assembling_until is null or assembling_until < \(time))
            """) == 1
    }

    /// - Parameter end: as given to ``beginAssembly(of:at:until:on:)``.
    func endAssembly(of id: MediaID, until end: Date, on statements: some Statements) async throws {
        try await statements.execute(
            """
            update medium set assembling_until = null where id = \(id.rawValue) and assembling_until = \(end)
            """)
    }

    /// Deletes uploads started before a time and never completed.
    /// - Returns: the deleted media.
    func deleteUploads(begunBefore time: Date, countMax: Int, on tx: Transaction) async throws -> [MediaID] {
        try await tx.query(
            """
            delete from medium where id in (
                select id from medium where state = 'UPLOADING' and created_at < \(time)
                order by created_at limit \(countMax) for update skip locked)
            returning id
            """
        ).map { MediaID(checked: try $0.decode(String.self)) }
    }

    // MARK: Parts

    func upsertPart(_ number: Int, of id: MediaID, sizeBytes: Int, on tx: Transaction) {
        tx.submit(
            """
            insert into part (medium_id, number, size_bytes) values (\(id.rawValue), \(number), \(sizeBytes))
            on conflict (medium_id, number) do update set size_bytes = excluded.size_bytes
            """)
    }

    /// Sorted by number.
    func listParts(of id: MediaID, on statements: some Statements) async throws -> [(number: Int, sizeBytes: Int)] {
        try await statements.query(
            "select number::bigint, size_bytes from part where medium_id = \(id.rawValue) order by number"
        ).map { try $0.decode(Int.self, Int.self) }
    }

    func deletePart(_ number: Int, of id: MediaID, on tx: Transaction) {
        tx.submit("delete from part where medium_id = \(id.rawValue) and number = \(number)")
    }

    func deleteParts(of id: MediaID, on tx: Transaction) {
        tx.submit("delete from part where medium_id = \(id.rawValue)")
    }

    // MARK: Renditions

    func insert(_ rendition: Rendition, at position: Int, of id: MediaID, on tx: Transaction) {
        tx.submit(
            """
            insert into rendition (medium_id, name, position, content_type, object_key, width, height, size_bytes)
            values (\(id.rawValue), \(rendition.name), \(position), \(rendition.contentType), \(rendition.key),
                \(rendition.width as Int?), \(rendition.height as Int?), \(rendition.sizeBytes))
            """)
    }

    func listRenditions(of id: MediaID, on statements: some Statements) async throws -> [Rendition] {
        try await statements.query(
            "select \(Self.renditionColumns) from rendition where medium_id = \(id.rawValue) order by position"
        ).map(rendition)
    }

    /// The renditions of a lesson's media, by medium.
    func listRenditions(
        of lesson: LessonID, on statements: some Statements
    ) async throws -> [(medium: MediaID, rendition: Rendition)] {
        try await statements.query(
            """
            select \(Self.renditionColumns), medium_id
            from rendition r join (select id, lesson_id from medium) m on m.id = r.medium_id
            where m.lesson_id = \(lesson.rawValue) order by medium_id, position
            """
        ).map { row in (MediaID(checked: try row.get(6)), try rendition(row)) }
    }

    func findRendition(_ name: String, of id: MediaID, on statements: some Statements) async throws -> Rendition? {
        try await statements.query(
            """
            select \(Self.renditionColumns) from rendition where medium_id = \(id.rawValue) and name = \(name)
            """
        ).first.map(rendition)
    }

    // MARK: Rows

    private static let columns: SQL = """
        id, owner_id, course_id, lesson_id, file_name, content_type, size_bytes, sha256, state, error,
            duration_seconds, created_at
        """
    private static let renditionColumns: SQL =
        "name, content_type, object_key, width::bigint, height::bigint, size_bytes"

    /// nil for a row written by a newer version of the program.
    private func medium(_ row: Row) throws -> Medium? {
        let (id, owner, course, lesson, name, type, size, sha256, state, error, duration, createdAt) = try row.decode(
            String.self, String?.self, String?.self, String?.self, String.self, String.self, Int.self, String.self,
            String.self, String?.self, Double?.self, Date.self)
        guard let type = MediaType(rawValue: type), let state = Medium.State(rawValue: state) else { return nil }
        return Medium(
            id: MediaID(checked: id), ownerID: owner.map(UserID.init(checked:)),
            place: MediaPlace(
                courseID: course.map(CourseID.init(checked:)), lessonID: lesson.map(LessonID.init(checked:))),
            fileName: name, type: type, sizeBytes: size, sha256: sha256, state: state, error: error,
            durationSeconds: duration, createdAt: createdAt)
    }

    private func rendition(_ row: Row) throws -> Rendition {
        let (name, type, key, width, height, size) = try row.decode(
            String.self, String.self, String.self, Int?.self, Int?.self, Int.self)
        return Rendition(name: name, contentType: type, key: key, width: width, height: height, sizeBytes: size)
    }
}
