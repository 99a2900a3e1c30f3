import Contracts
import HTTP
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Review

@Suite struct EventTests {
    private let enrollment = EnrollmentID.make(at: ReviewWorld.time)

    private func created(_ user: UserID, _ course: CourseID) -> EnrollmentCreated {
        EnrollmentCreated(
            enrollmentID: enrollment, userID: user, courseID: course, source: .free, enrolledAt: ReviewWorld.time)
    }

    private func completed(_ user: UserID, _ course: CourseID) -> EnrollmentCompleted {
        EnrollmentCompleted(
            enrollmentID: enrollment, userID: user, courseID: course, completedAt: ReviewWorld.time, duration: "1 day")
    }

    @Test func `enrolment and completion come in any order, twice, and in one batch`() async throws {
        try await ReviewWorld.with { world in
            let ada = UserID.make(at: ReviewWorld.time), id = EventID.make(at: ReviewWorld.time)
            #expect(try await world.reviews.deliver(created(ada, world.course), id: id))
            #expect(try await !world.reviews.deliver(created(ada, world.course), id: id))
            #expect(try await world.publish(5, by: ada).code == "no-progress")
            try await world.reviews.deliver(together: [completed(ada, world.course), created(ada, world.course)])
            #expect(try await world.reviews.count("select count(*) from enrollment") == 1)
            world.stopEnrollment()
            #expect(try await world.publish(5, by: ada).status == 201)
        }
    }

    @Test func `a review of an erased author remains without the author`() async throws {
        try await ReviewWorld.with { world in
            let ada = world.learner()
            try await world.reviews.deliver(completed(ada, world.course))
            let id = try await world.publish(4, by: ada)["id"] ?? ""
            let deletion = UserDeleted(userID: ada, deletedAt: ReviewWorld.time),
                event = EventID.make(at: ReviewWorld.time)
            #expect(try await world.reviews.deliver(deletion, id: event))
            #expect(try await !world.reviews.deliver(deletion, id: event))
            try await world.reviews.deliver(together: [deletion, created(ada, world.course), deletion])
            let review = try await world.reviews.send(.get, "/reviews/\(id)")
            #expect(review["text"] == "Good." && review["authorId"] == nil)
            #expect(try await world.histogram() == [0, 0, 0, 1, 0])
            #expect(try await world.reviews.count("select count(*) from enrollment") == 0)
            let left = try await world.reviews.count("select count(*) from review where enrollment_id is not null")
            #expect(left == 0)
            // A token may be good for minutes yet.
            let again = try await world.publish(1, by: ada)
            #expect(again.status == 403 && again.code == "not-allowed")
            let edited = try await world.reviews.send(
                .patch, "/reviews/\(id)", as: .learner(ada), json: #"{"rating": 1}"#)
            #expect(edited.status == 403)
        }
    }

    @Test func `a review published during an erasure has no author`() async throws {
        try await ReviewWorld.with { world in
            for _ in 0..<20 {
                let ada = world.learner()
                async let publishing = world.publish(3, by: ada)
                async let erasing = world.reviews.deliver(UserDeleted(userID: ada, deletedAt: ReviewWorld.time))
                _ = try await (publishing, erasing)
            }
            #expect(try await world.reviews.count("select count(*) from review where author_id is not null") == 0)
        }
    }
}
