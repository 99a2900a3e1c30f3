internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Withdraws a learner's own enrolment. Idempotent. A task informs the content service.
    /// - Throws: ``EnrollmentError/notFound``, ``EnrollmentError/notActive`` when it ended for another reason.
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

    /// Tells the content service that a learner has withdrawn. A learner erased meanwhile has no access anyway.
    func revokeAccess(_ task: RevokeAccess) async throws {
        guard let enrollment = try await store.find(task.enrollmentID, on: database) else { return }
        try await services.put(
            .content, "/internal/access/\(enrollment.id)",
            AccessBody(userId: enrollment.userID.rawValue, courseId: enrollment.courseID.rawValue))
    }

    /// The payment was refunded; the payment service informs the content service. Later events of this payment enrol nobody.
    /// - Throws: ``EnrollmentError/notFound``.
    func refund(_ id: EnrollmentID) async throws {
        guard try await store.updateToRefunded(id, on: database) else { throw EnrollmentError.notFound }
    }

    /// Erases a learner; a tombstone stops late events.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) { store.deleteLearner(user, at: time, on: tx) }
}

/// The task of revoking a learner's access at the content service. The kind must not change.
struct RevokeAccess: TaskPayload {
    static let kind = "revoke-access"
    let enrollmentID: EnrollmentID
}
