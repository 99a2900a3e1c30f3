internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Grants a learner access to a course, unless it was revoked before this event arrived.
    func grant(_ enrollment: EnrollmentID, to user: UserID, for course: CourseID, on tx: Transaction) {
        store.people.lock(user, on: tx)
        store.insertAccess(enrollment, of: user, to: course, on: tx)
    }

    /// Revokes the access of an enrolment, also when the grant has not arrived yet.
    func revoke(_ enrollment: EnrollmentID, of user: UserID, to course: CourseID) async throws {
        try await database.transaction { tx in
            store.people.lock(user, on: tx)
            store.revokeAccess(enrollment, of: user, to: course, on: tx)
        }
    }

    /// Erases a person: their access, and their file names.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.erasePerson(user, at: time, on: tx)
    }
}
