import Contracts
import Foundation
import HTTP
import HubTesting
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Platform
@testable import Review

/// The review service, and in place of the enrollment service a neighbour that answers as it does.
struct ReviewWorld: Sendable {
    static let time = TestClock().now

    let reviews: TestService<ReviewService>
    let enrollments: Enrollments
    let directory: ServiceDirectory
    let course = CourseID.make(at: time)

    /// The data of the enrollment service.
    final class Enrollments: Sendable {
        struct Answer: Encodable {
            let enrollmentId: EnrollmentID
            let status: String
            let percent: Double
        }

        private let known = Mutex<[String: Answer]>([:])
        private let isBusy = Mutex(false)

        /// From here on it refuses all requests.
        func makeBusy() { isBusy.withLock { $0 = true } }

        func end(of user: UserID, in course: CourseID) { known.withLock { $0["\(user) \(course)"] = nil } }

        func set(_ enrollment: EnrollmentID, of user: UserID, in course: CourseID, percent: Double) {
            known.withLock {
                $0["\(user) \(course)"] = Answer(enrollmentId: enrollment, status: "ACTIVE", percent: percent)
            }
        }

        func add(to routes: inout Routes) {
            routes.get("/internal/enrollments/of/{user}/in/{course}", .service(.review)) { request in
                if self.isBusy.withLock({ $0 }) { throw Problem.tooBusy(retryAfterSeconds: 3) }
                let parts = request.http.pathParameters
                let answer = self.known.withLock { $0["\(parts["user"] ?? "") \(parts["course"] ?? "")"] }
                guard let answer else { throw Problem.notFound }
                return try .ok(answer)
            }
        }
    }

    static func with(_ body: @escaping @Sendable (ReviewWorld) async throws -> Void) async throws {
        let directory = ServiceDirectory()
        try await TestService<ReviewService>.with(directory: directory) { reviews in
            let world = ReviewWorld(reviews: reviews, enrollments: Enrollments(), directory: directory)
            try await Neighbours.with(
                [.enrollment], in: directory, clock: reviews.clock, { world.enrollments.add(to: &$0) }
            ) {
                try await body(world)
            }
        }
    }

    /// From here on the enrollment service is down.
    func stopEnrollment() { directory[.enrollment] = "http://127.0.0.1:9" }

    /// A learner with this progress in the course.
    func learner(at percent: Double = 50) -> UserID {
        let user = UserID.make(at: Self.time)
        enrollments.set(.make(at: Self.time), of: user, in: course, percent: percent)
        return user
    }

    func publish(_ rating: Int, _ text: String = "Good.", by user: UserID, fields: HTTPFields = [:]) async throws
        -> TestAnswer
    {
        try await reviews.send(
            .post, "/courses/\(course)/reviews", as: .learner(user),
            json: #"{"rating": \#(rating), "text": "\#(text)"}"#, fields: fields)
    }

    func list(_ query: String = "", as identity: Identity = .anonymous) async throws -> TestAnswer {
        try await reviews.send(.get, "/courses/\(course)/reviews\(query)", as: identity)
    }

    /// The counts of one to five stars.
    func histogram() async throws -> [Int] {
        let histogram = try await list().object["histogram"] as? [String: Int] ?? [:]
        return (1...5).map { histogram[String($0)] ?? -1 }
    }
}

extension Identity {
    static func learner(_ id: UserID) -> Identity { .user(id, role: .student, session: "ses_1") }
    static func administrator() -> Identity { .user(.make(at: ReviewWorld.time), role: .admin, session: "ses_1") }
}
