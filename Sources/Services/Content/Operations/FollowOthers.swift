internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// A course changed: cached facts and pages of it are outdated.
    func dropCourse(_ id: CourseID, version: Int, on tx: Transaction) {
        store.upsertCourse(id, version: version, on: tx)
        tx.afterCommit { [cache] in await cache.invalidate(id.rawValue) }
    }

    func noteUpload(_ event: MediaUploaded, on tx: Transaction) {
        store.people.lock(event.ownerID, on: tx)
        store.upsertUpload(event, on: tx)
    }

    func noteOutcome(_ event: MediaProcessed, on tx: Transaction) {
        store.upsertOutcome(event, on: tx)
    }

    /// A medium was deleted. Idempotent. Its events may arrive later, so a tombstone remains.
    func forgetMedium(_ id: MediaID) async throws { try await store.deleteMedium(id, on: database) }
}
