internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// A lesson for those who may read it: who is enrolled, anybody logged in when it is a free preview, its instructor, administrators.
    /// - Throws: ``ContentError/notFound``, ``ContentError/noAccess``; ``ServiceCallError``.
    func read(_ id: LessonID, as reader: Reader) async throws -> LessonPage {
        let lesson = try await lessons.find(id)
        let isEditable = reader.mayEdit(lesson)
        if !isEditable, !lesson.isOpen {
            if !lesson.isPublic { throw ContentError.notFound }
            guard try await store.hasAccess(reader.id, to: lesson.courseID, on: database) else {
                throw ContentError.noAccess
            }
        }
        let revision = try await store.findRevision(of: id, on: database)
        let html = try await html(of: revision, in: lesson)
        return LessonPage(revision: revision, html: html, media: try await media(of: id), isEditable: isEditable)
    }

    /// The revisions of a lesson that are kept, the newest first, for those who may write it.
    /// - Throws: ``ContentError``; ``ServiceCallError``.
    func revisions(of id: LessonID, for reader: Reader) async throws -> [RevisionEntry] {
        try reader.checkMayEdit(try await lessons.find(id))
        return try await store.listRevisions(of: id, on: database)
    }

    /// What a lesson said in a revision.
    /// - Throws: ``ContentError``, among them ``ContentError/notFound`` for one that is forgotten; ``ServiceCallError``.
    func revision(_ number: Int, of id: LessonID, for reader: Reader) async throws -> Revision {
        try reader.checkMayEdit(try await lessons.find(id))
        guard let revision = try await store.findRevision(number, of: id, on: database) else {
            throw ContentError.notFound
        }
        return revision
    }

    /// From the cache, when it was asked for a while ago. A revision never changes, so no page there is ever wrong.
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
