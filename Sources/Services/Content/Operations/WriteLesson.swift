internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// Writes a new revision of a lesson. Does nothing when the text is unchanged.
    /// - Parameter isCurrent: whether a revision is the one the writer read; otherwise ``ContentError/changedMeanwhile`` is thrown.
    /// - Throws: ``ContentError``; ``ServiceCallError``.
    func write(
        _ markdown: String, to id: LessonID, by caller: Identity, ifRevision isCurrent: @Sendable (Int) -> Bool
    ) async throws -> LessonPage {
        let lesson = try await lessons.find(id)
        try caller.checkMayEdit(lesson)
        // Rendered before it is stored, so that text that cannot be rendered is refused.
        let html = try await html(of: markdown)
        let revision = try await database.transaction { tx in
            store.lockPage(of: id, on: tx)
            let old = try await store.findRevision(of: id, on: tx)
            guard isCurrent(old.number) else { throw ContentError.changedMeanwhile }
            if old.number > 0, old.markdown == markdown { return old }
            let time = now()
            let new = Revision(number: old.number + 1, markdown: markdown, writtenAt: time)
            store.insert(new, of: id, at: time, on: tx)
            return new
        }
        return LessonPage(revision: revision, html: html, media: try await media(of: id), isEditable: true)
    }
}
