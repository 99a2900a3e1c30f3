internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// Reads a lesson. Allowed for enrolled learners, its instructor and administrators, and for all logged-in users if it is a free
    /// preview.
    /// - Throws: ``ContentError/notFound``, ``ContentError/noAccess``; ``ServiceCallError``.
    func read(_ id: LessonID, as caller: Identity) async throws -> LessonPage {
        let lesson = try await lessons.find(id)
        let isEditable = caller.mayTeach(as: lesson.instructorID)
        if !isEditable, !lesson.isOpen {
            if !lesson.isPublic { throw ContentError.notFound }
            guard let user = caller.userID, try await store.hasAccess(user, to: lesson.courseID, on: database) else {
                throw ContentError.noAccess
            }
        }
        let revision = try await store.findRevision(of: id, on: database)
        let html = try await html(of: revision, in: lesson)
        return LessonPage(revision: revision, html: html, media: try await media(of: id), isEditable: isEditable)
    }

    /// The stored revisions of a lesson, newest first, for permitted writers.
    /// - Throws: ``ContentError``; ``ServiceCallError``.
    func revisions(of id: LessonID, for caller: Identity) async throws -> [RevisionEntry] {
        try caller.checkMayEdit(try await lessons.find(id))
        return try await store.listRevisions(of: id, on: database)
    }

    /// The content of a revision.
    /// - Throws: ``ContentError``, of kind ``ContentError/notFound`` for a deleted revision; ``ServiceCallError``.
    func revision(_ number: Int, of id: LessonID, for caller: Identity) async throws -> Revision {
        try caller.checkMayEdit(try await lessons.find(id))
        guard let revision = try await store.findRevision(number, of: id, on: database) else {
            throw ContentError.notFound
        }
        return revision
    }

    /// Uses the cache. Revisions are immutable, so cached pages are never outdated.
    private func html(of revision: Revision, in lesson: LessonFacts) async throws -> String {
        let bytes = try await cache.value(
            Self.pageKey(lesson.id, revision.number), of: lesson.courseID.rawValue, for: .seconds(3_600)
        ) {
            Array(try await html(of: revision.markdown).utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func pageKey(_ lesson: LessonID, _ revision: Int) -> String { "page:\(lesson):\(revision)" }
}
