internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Archives what a person taught. Their id stays with it and names nobody any more; nothing else here is theirs.
    ///
    /// Whoever is enrolled keeps the course, and the tombstone sees to it that no new one follows.
    func eraseInstructor(_ id: UserID, at time: Date, on tx: Transaction) async throws {
        try await store.eraseInstructor(id, at: time, on: tx)
        for course in try await store.archiveCourses(of: id, at: now(), on: tx) {
            tx.afterCommit { [cache] in await cache.invalidate(course.id.rawValue) }
            try outbox.append(CourseUpdated(course, changedFields: ["status"]), on: tx)
        }
    }
}
