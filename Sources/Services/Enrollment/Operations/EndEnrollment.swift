internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Ends a learner's own enrolment; the second time nothing happens. The content service is told by a task.
    /// - Throws: ``EnrollmentError/notFound``, ``EnrollmentError/notActive`` for one that has ended otherwise.
    func withdraw(_ id: EnrollmentID, by user: UserID) async throws -> Enrollment {
        let known = try await enrollment(id, of: user)
        return try await database.transaction { tx in
            guard var enrollment = try await store.lock(known.id, on: tx) else { throw EnrollmentError.notFound }
            if try enrollment.withdraw() {
                store.update(enrollment, on: tx)
                try tasks.enqueue(RevokeAccess(enrollmentID: id), key: id.rawValue, on: tx)
            }
            return enrollment
        }
    }

    private struct AccessBody: Encodable {
        let state = "REVOKED"
        let userId, courseId: String
    }

    /// Tells the content service that a learner has withdrawn. Who is erased meanwhile has no access anyway.
    func revokeAccess(_ task: RevokeAccess) async throws {
        guard let enrollment = try await store.find(task.enrollmentID, on: database) else { return }
        try await services.put(
            .content, "/internal/access/\(enrollment.id)",
            AccessBody(userId: enrollment.userID.rawValue, courseId: enrollment.courseID.rawValue))
    }

    /// Payment has given the money back, and tells content itself. Whatever else is said of that payment enrols nobody.
    /// - Throws: ``EnrollmentError/notFound``.
    func refund(_ id: EnrollmentID) async throws {
        guard try await store.updateToRefunded(id, on: database) else { throw EnrollmentError.notFound }
    }

    /// Forgets what a learner did, and sees to it that what comes late for them finds nobody.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) { store.deleteLearner(user, at: time, on: tx) }
}

/// Has the content service take away a learner's access. The kind is frozen.
struct RevokeAccess: TaskPayload {
    static let kind = "revoke-access"
    let enrollmentID: EnrollmentID
}
