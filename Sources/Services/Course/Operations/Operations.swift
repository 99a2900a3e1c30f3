internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    /// Cached public courses by id.
    let cache: Cache
    let now: @Sendable () -> Date
    let store = Store()

    init(database: Database, outbox: Outbox, cache: Cache, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.outbox = outbox
        self.cache = cache
        self.now = now
    }

    /// Changes a course or its outline, and sends events. Does nothing when nothing changed.
    ///
    /// Every change of a course uses this method, with the course locked: its invariants are checked only here.
    /// - Parameter isCurrent: whether a version is the one the caller read; otherwise ``CourseError/changedMeanwhile`` is thrown.
    /// - Throws: ``CourseError``.
    func change(
        _ id: CourseID, by caller: Identity, ifVersion isCurrent: @Sendable (Int) -> Bool, on tx: Transaction,
        _ edit: (inout WholeCourse) throws(CourseError) -> Void
    ) async throws -> WholeCourse {
        guard let course = try await store.lock(id, on: tx) else { throw CourseError.notFound }
        try caller.checkMayEdit(course)
        guard isCurrent(course.version) else { throw CourseError.changedMeanwhile }
        let old = WholeCourse(course: course, outline: try await store.findOutline(of: id, on: tx))
        var whole = old
        try edit(&whole)
        let changes = old.changes(to: whole)
        if changes.isEmpty { return old }
        if course.status == .archived { throw CourseError.archived }
        if whole.course.status == .published { try PublishChecklist(whole).check() }
        whole.course.version += 1
        whole.course.updatedAt = now()
        try await store.update(whole, instead: old, on: tx)
        tx.afterCommit { [cache] in await cache.invalidate(id.rawValue) }
        try outbox.append(CourseUpdated(whole.course, changedFields: changes), on: tx)
        return whole
    }
}

extension CourseUpdated {
    init(_ course: Course, changedFields: [String]) {
        self.init(
            courseID: course.id, title: course.offer.title, changedFields: changedFields,
            contentVersion: course.version, updatedAt: course.updatedAt)
    }
}
