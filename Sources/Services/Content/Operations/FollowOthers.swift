internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// What course said of a course and what was made from it is not current any more.
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
}
