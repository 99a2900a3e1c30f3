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
    /// Archives the courses of an erased person. Their id remains there but no longer identifies anyone; nothing else here is personal.
    ///
    /// Enrolled learners keep the course, and the tombstone prevents new courses.
    func eraseInstructor(_ id: UserID, at time: Date, on tx: Transaction) async throws {
        try await store.eraseInstructor(id, at: time, on: tx)
        for course in try await store.archiveCourses(of: id, at: now(), on: tx) {
            tx.afterCommit { [cache] in await cache.invalidate(course.id.rawValue) }
            try outbox.append(CourseUpdated(course, changedFields: ["status"]), on: tx)
        }
    }
}
