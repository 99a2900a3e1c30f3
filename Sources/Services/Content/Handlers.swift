internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    var all: [Handler] {
        [
            Handler(name: "grantAccessOnEnrollmentCreated", on: EnrollmentCreated.self, grantAccessOnEnrollmentCreated),
            Handler(name: "dropCourseOnCourseUpdated", on: CourseUpdated.self, dropCourseOnCourseUpdated),
            Handler(name: "noteUploadOnMediaUploaded", on: MediaUploaded.self, noteUploadOnMediaUploaded),
            Handler(name: "noteOutcomeOnMediaProcessed", on: MediaProcessed.self, noteOutcomeOnMediaProcessed),
            Handler(name: "eraseReaderOnUserDeleted", on: UserDeleted.self, eraseReaderOnUserDeleted),
        ]
    }

    func grantAccessOnEnrollmentCreated(_ received: Received<EnrollmentCreated>, _ tx: Transaction) async throws {
        let event = received.event
        operations.grant(event.enrollmentID, to: event.userID, for: event.courseID, on: tx)
    }

    func dropCourseOnCourseUpdated(_ received: Received<CourseUpdated>, _ tx: Transaction) async throws {
        operations.dropCourse(received.event.courseID, version: received.event.contentVersion, on: tx)
    }

    func noteUploadOnMediaUploaded(_ received: Received<MediaUploaded>, _ tx: Transaction) async throws {
        operations.noteUpload(received.event, on: tx)
    }

    func noteOutcomeOnMediaProcessed(_ received: Received<MediaProcessed>, _ tx: Transaction) async throws {
        operations.noteOutcome(received.event, on: tx)
    }

    func eraseReaderOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }
}
