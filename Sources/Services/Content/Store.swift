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

    // MARK: People and their access

    /// An existing access is not changed; it may be revoked. Locks the person; an erased person gets no access.
    func insertAccess(_ enrollment: EnrollmentID, of user: UserID, to course: CourseID, on tx: Transaction) {
        tx.submit(
            """
            insert into access (enrollment_id, user_id, course_id, is_revoked)
            select \(enrollment.rawValue), user_id, \(course.rawValue), false
            from person where user_id = \(user.rawValue) and erased_at is null
            on conflict (enrollment_id) do nothing
            """)
    }

    /// Revokes an access, also one not granted yet. Locks the person.
    func revokeAccess(_ enrollment: EnrollmentID, of user: UserID, to course: CourseID, on tx: Transaction) {
        tx.submit(
            """
            insert into access (enrollment_id, user_id, course_id, is_revoked)
            select \(enrollment.rawValue), user_id, \(course.rawValue), true
            from person where user_id = \(user.rawValue) and erased_at is null
            on conflict (enrollment_id) do update set is_revoked = true
            """)
    }

    func hasAccess(_ user: UserID, to course: CourseID, on statements: some Statements) async throws -> Bool {
        try await !statements.query(
            """
            select 1 from access
            where user_id = \(user.rawValue) and course_id = \(course.rawValue) and not is_revoked limit 1
            """
        ).isEmpty
    }

    /// Inserts a tombstone, also for an unknown person.
    func erasePerson(_ id: UserID, at time: Date, on tx: Transaction) {
        people.erase(id, at: time, on: tx)
        tx.submit("delete from access where user_id = \(id.rawValue)")
        tx.submit("update medium set owner_id = null, file_name = null where owner_id = \(id.rawValue)")
    }

    // MARK: Facts from the course service

    /// Cached facts of a lesson.
    /// - Parameter since: older facts are outdated, and so are those of an older course version.
    func findFacts(
        of id: LessonID, toldSince since: Date, on statements: some Statements
    ) async throws -> (facts: LessonFacts, isCurrent: Bool)? {
        try await statements.query(
            """
            select l.course_id, l.instructor_id, l.is_free_preview, l.course_status, l.is_public, l.course_version,
                l.told_at > \(since) and l.course_version >= coalesce(c.version, 0)
            from lesson l left join course c on c.course_id = l.course_id where l.lesson_id = \(id.rawValue)
            """
        ).first.map { row in
            let (course, instructor, isFreePreview, status, isPublic, version, isCurrent) = try row.decode(
                String.self, String.self, Bool.self, CourseStatus.self, Bool.self, Int.self, Bool.self)
            return (
                LessonFacts(
                    id: id, courseID: CourseID(checked: course), instructorID: UserID(checked: instructor),
                    isFreePreview: isFreePreview, courseStatus: status, isPublic: isPublic, courseVersion: version),
                isCurrent
            )
        }
    }

    /// Caches facts of a lesson; facts of a newer course version are kept.
    func upsert(_ facts: LessonFacts, at time: Date, on statements: some Statements) async throws {
        try await statements.execute(
            """
            insert into lesson (lesson_id, course_id, instructor_id, is_free_preview, course_status, is_public,
                course_version, told_at)
            values (\(facts.id.rawValue), \(facts.courseID.rawValue), \(facts.instructorID.rawValue),
                \(facts.isFreePreview), \(facts.courseStatus), \(facts.isPublic), \(facts.courseVersion), \(time))
            on conflict (lesson_id) do update set instructor_id = excluded.instructor_id,
                is_free_preview = excluded.is_free_preview, course_status = excluded.course_status,
                is_public = excluded.is_public, course_version = excluded.course_version, told_at = excluded.told_at
            where lesson.course_version <= excluded.course_version
            """)
    }

    func deleteFacts(of id: LessonID, on statements: some Statements) async throws {
        try await statements.execute("delete from lesson where lesson_id = \(id.rawValue)")
    }

    /// Records a new course version: facts of earlier versions are outdated.
    func upsertCourse(_ id: CourseID, version: Int, on tx: Transaction) {
        tx.submit(
            """
            insert into course (course_id, version) values (\(id.rawValue), \(version))
            on conflict (course_id) do update set version = excluded.version where course.version < excluded.version
            """)
    }

    // MARK: Pages

    /// The current content of a lesson; ``Revision/none`` when there is none.
    func findRevision(of id: LessonID, on statements: some Statements) async throws -> Revision {
        try await statements.query(
            """
            select r.number, r.markdown, r.written_at
            from page p join revision r on r.lesson_id = p.lesson_id and r.number = p.revision
            where p.lesson_id = \(id.rawValue)
            """
        ).first.map(revision) ?? .none
    }

    /// The content of a revision; nil when it is not stored.
    func findRevision(_ number: Int, of id: LessonID, on statements: some Statements) async throws -> Revision? {
        try await statements.query(
            """
            select number, markdown, written_at from revision
            where lesson_id = \(id.rawValue) and number = \(number)
            """
        ).first.map(revision)
    }

    /// Newest first.
    func listRevisions(of id: LessonID, on statements: some Statements) async throws -> [RevisionEntry] {
        try await statements.query(
            "select number, written_at from revision where lesson_id = \(id.rawValue) order by number desc"
        ).map { row in
            let (number, writtenAt) = try row.decode(Int.self, Date.self)
            return RevisionEntry(number: number, writtenAt: writtenAt)
        }
    }

    private func revision(_ row: Row) throws -> Revision {
        let (number, markdown, writtenAt) = try row.decode(Int.self, String.self, Date.self)
        return Revision(number: number, markdown: markdown, writtenAt: writtenAt)
    }

    /// Creates a page if needed and locks it until the transaction ends.
    func lockPage(of id: LessonID, on tx: Transaction) {
        tx.submit(
            """
            insert into page (lesson_id, revision) values (\(id.rawValue), 0)
            on conflict (lesson_id) do update set revision = page.revision
            """)
    }

    /// Adds a revision to a locked page, and deletes the oldest ones beyond the limit.
    func insert(_ revision: Revision, of id: LessonID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into revision (lesson_id, number, markdown, written_at)
            values (\(id.rawValue), \(revision.number), \(revision.markdown), \(time))
            """)
        tx.submit("update page set revision = \(revision.number) where lesson_id = \(id.rawValue)")
        tx.submit(
            """
            delete from revision
            where lesson_id = \(id.rawValue) and number <= \(revision.number - Revision.keptCountMax)
            """)
    }

    // MARK: Media

    /// Stores the facts of an upload. Locks the owner; of an erased owner neither id nor file name is stored.
    func upsertUpload(_ event: MediaUploaded, on tx: Transaction) {
        tx.submit(
            """
            insert into medium (media_id, course_id, lesson_id, owner_id, file_name, content_type, size_bytes,
                uploaded_at)
            select \(event.mediaID.rawValue), \(event.courseID?.rawValue as String?),
                \(event.lessonID?.rawValue as String?), case when erased_at is null then user_id end,
                case when erased_at is null then \(event.fileName) end, \(event.contentType), \(event.sizeBytes),
                \(event.uploadedAt)
            from person where user_id = \(event.ownerID.rawValue)
            on conflict (media_id) do update set owner_id = excluded.owner_id, file_name = excluded.file_name,
                content_type = excluded.content_type, size_bytes = excluded.size_bytes,
                uploaded_at = excluded.uploaded_at, course_id = coalesce(medium.course_id, excluded.course_id),
                lesson_id = coalesce(medium.lesson_id, excluded.lesson_id)
            where medium.uploaded_at is null and not medium.is_deleted
            """)
    }

    /// Stores the facts of processing; the last event wins.
    func upsertOutcome(_ event: MediaProcessed, on tx: Transaction) {
        tx.submit(
            """
            insert into medium (media_id, course_id, lesson_id, status, duration_seconds, processed_at)
            values (\(event.mediaID.rawValue), \(event.courseID?.rawValue as String?),
                \(event.lessonID?.rawValue as String?), \(MediumStatus(event.status)),
                \(event.durationSeconds as Double?), \(event.processedAt))
            on conflict (media_id) do update set status = excluded.status,
                duration_seconds = excluded.duration_seconds, processed_at = excluded.processed_at,
                course_id = coalesce(medium.course_id, excluded.course_id),
                lesson_id = coalesce(medium.lesson_id, excluded.lesson_id)
            where (medium.processed_at is null or medium.processed_at <= excluded.processed_at)
                and not medium.is_deleted
            """)
    }

    /// Replaces the facts of a medium with a tombstone, also of an unknown one.
    func deleteMedium(_ id: MediaID, on statements: some Statements) async throws {
        try await statements.execute(
            """
            insert into medium (media_id, is_deleted) values (\(id.rawValue), true)
            on conflict (media_id) do update set is_deleted = true, course_id = null, lesson_id = null,
                owner_id = null, file_name = null, content_type = null, size_bytes = null
            """)
    }

    /// In order of creation.
    func listMedia(of id: LessonID, on statements: some Statements) async throws -> [Medium] {
        try await statements.query(
            """
            select media_id, file_name, content_type, size_bytes, status, duration_seconds
            from medium where lesson_id = \(id.rawValue) order by media_id
            """
        ).map { row in
            let (id, fileName, contentType, sizeBytes, status, duration) = try row.decode(
                String.self, String?.self, String?.self, Int?.self, MediumStatus?.self, Double?.self)
            return Medium(
                id: MediaID(checked: id), fileName: fileName, contentType: contentType, sizeBytes: sizeBytes,
                status: status ?? .processing, durationSeconds: duration)
        }
    }
}

extension CourseStatus: PostgresValue {}
extension MediumStatus: PostgresValue {}
