internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Lets a learner read a course, unless that was revoked before we heard of the enrolment.
    func grant(_ enrollment: EnrollmentID, to user: UserID, for course: CourseID, on tx: Transaction) {
        store.people.lock(user, on: tx)
        store.insertAccess(enrollment, of: user, to: course, on: tx)
    }

    /// Takes back what an enrolment granted, or is about to grant.
    func revoke(_ enrollment: EnrollmentID, of user: UserID, to course: CourseID) async throws {
        try await database.transaction { tx in
            store.people.lock(user, on: tx)
            store.revokeAccess(enrollment, of: user, to: course, on: tx)
        }
    }

    /// Forgets a person: what they could read, and which files they named how.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.erasePerson(user, at: time, on: tx)
    }
}
