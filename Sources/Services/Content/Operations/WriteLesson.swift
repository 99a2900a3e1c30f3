internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// Writes a lesson anew. Nothing happens when it says that already.
    /// - Parameter isCurrent: whether a revision is the one the writer saw; ``ContentError/changedMeanwhile`` when it is not.
    /// - Throws: ``ContentError``; ``ServiceCallError``.
    func write(
        _ markdown: String, to id: LessonID, by reader: Reader, ifRevision isCurrent: @Sendable (Int) -> Bool
    ) async throws -> LessonPage {
        let lesson = try await lessons.find(id)
        try reader.checkMayEdit(lesson)
        // Before it is kept: what cannot be shown is refused.
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
