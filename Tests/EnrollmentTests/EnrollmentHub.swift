import Contracts
@testable import Enrollment
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Synchronization
import Testing

typealias EnrollmentHub = TestService<EnrollmentService>

/// The responses of course and content in these tests, and the requests they got.
final class Campus: Sendable {
    struct State: Sendable {
        var courses: [CourseID: Course] = [:]
        var askedCount = 0
        var answerSeconds: TimeInterval = 0
        var revoked: [String] = []
    }

    struct Course: Encodable, Sendable {
        struct Lesson: Encodable, Sendable {
            let id: String
            let sectionId = "sct_1"
            var title = "A lesson"
            var kind = "ARTICLE"
            var required = true
            let freePreview = false
        }
        let id, instructorId: String
        let title = "A course", status = "PUBLISHED", price = "49.99", currency = "USD"
        var version = 1
        var lessons: [Lesson]
    }

    private let state = Mutex(State())
    let directory = ServiceDirectory()
    let clock = TestClock()
    private let address = Mutex<String?>(nil)

    var askedCount: Int { state.withLock { $0.askedCount } }
    var revoked: [String] { state.withLock { $0.revoked } }

    /// A course with lessons of these kinds, all required but those whose kind is in small letters.
    func addCourse(_ kinds: String..., by instructor: UserID = .new) -> CourseID {
        let id = CourseID.make(at: clock.now)
        let lessons = kinds.map { kind in
            Course.Lesson(
                id: LessonID.make(at: clock.now).rawValue, kind: kind.uppercased(),
                required: kind == kind.uppercased())
        }
        state.withLock {
            $0.courses[id] = Course(id: id.rawValue, instructorId: instructor.rawValue, lessons: lessons)
        }
        return id
    }

    /// The id of a lesson, by its place from 0.
    func lesson(_ index: Int, of course: CourseID) throws -> LessonID {
        let lessons = state.withLock { $0.courses[course]?.lessons ?? [] }
        return LessonID(checked: try #require(lessons.indices.contains(index) ? lessons[index].id : nil))
    }

    func change(_ course: CourseID, _ change: (inout Course) -> Void) {
        state.withLock { state in
            guard var known = state.courses[course] else { return }
            change(&known)
            known.version += 1
            state.courses[course] = known
        }
    }

    /// From here on the course service takes this time for an answer.
    func slowDown(to seconds: TimeInterval) { state.withLock { $0.answerSeconds = seconds } }

    /// From here on the course service does not answer.
    func closeCourse() {
        address.withLock {
            $0 = directory[.course]; directory[.course] = nil
        }
    }
    func reopenCourse() { address.withLock { directory[.course] = $0 } }

    static func with(_ body: @escaping @Sendable (EnrollmentHub, Campus) async throws -> Void) async throws {
        let campus = Campus()
        try await Neighbours.with([.course, .content], in: campus.directory, clock: campus.clock) { routes in
            campus.add(to: &routes)
        } _: {
            try await EnrollmentHub.with(clock: campus.clock, directory: campus.directory) { hub in
                try await body(hub, campus)
            }
        }
    }

    private func add(to routes: inout Routes) {
        routes.get("/internal/courses/{id}", .service(.enrollment)) { [self] request in
            let id = try request.id("id", as: CourseID.self)
            let (course, seconds) = state.withLock { state in
                state.askedCount += 1
                return (state.courses[id], state.answerSeconds)
            }
            clock.advance(by: seconds)
            guard let course else { throw Problem.notFound }
            return try .ok(course)
        }
        routes.put("/internal/access/{id}", .service(.enrollment)) { [self] request in
            let id = try request.id("id", as: EnrollmentID.self)
            let body = try await request.body(as: AccessBody.self)
            state.withLock { $0.revoked.append("\(id) \(body.state) \(body.user) \(body.course)") }
            return .noContent
        }
    }

    private struct AccessBody: RequestBody {
        let state: String
        let user: UserID
        let course: CourseID
        init(_ fields: inout BodyFields) {
            state = fields.string("state", length: 1...20)
            user = fields.id("userId")
            course = fields.id("courseId")
        }
    }
}

extension TestService<EnrollmentService> {
    var operations: Operations { service.operations }

    /// Enrols a learner without a payment.
    func enroll(_ user: UserID, in course: CourseID) async throws -> EnrollmentID {
        let answer = try await send(
            .post, "/internal/enrollments", as: .service(.payment),
            json: #"{"userId": "\#(user)", "courseId": "\#(course)", "source": "FREE"}"#)
        try #require(answer.status == 201)
        return EnrollmentID(checked: try #require(answer["enrollmentId"]))
    }

    func reserve(_ user: UserID, in course: CourseID, _ payment: PaymentID) async throws -> TestAnswer {
        try await send(
            .post, "/internal/enrollments/reservations", as: .service(.payment),
            json: #"{"userId": "\#(user)", "courseId": "\#(course)", "paymentId": "\#(payment)"}"#)
    }

    func progress(
        _ enrollment: EnrollmentID, _ lesson: LessonID, _ percent: Double = 100, as user: UserID
    ) async throws -> TestAnswer {
        try await send(
            .put, "/progress", as: .learner(user),
            json: #"{"enrollmentId": "\#(enrollment)", "lessonId": "\#(lesson)", "percent": \#(percent)}"#)
    }

    func state(of enrollment: EnrollmentID) async throws -> EnrollmentState? {
        try await operations.store.find(enrollment, on: database)?.state
    }

    func rowCount(_ table: String) async throws -> Int { try await count("select count(*) from \(quoted: table)") }
}

extension Identity {
    static func learner(_ user: UserID) -> Identity { .user(user, role: .student, session: "s") }
    static func instructor(_ user: UserID) -> Identity { .user(user, role: .instructor, session: "s") }
    static let administrator = Identity.user(.new, role: .admin, session: "s")
}

extension PaymentCompleted {
    static func of(_ payment: PaymentID, by user: UserID, for course: CourseID?) throws -> PaymentCompleted {
        PaymentCompleted(
            paymentID: payment, userID: user, courseID: course, amount: try #require(Money("49.99", .usd)),
            stripePaymentID: "pi_1", completedAt: TestClock().now)
    }
}

extension QuizSubmitted {
    static func of(
        _ lesson: LessonID?, in course: CourseID, by user: UserID, percent: Double, passed: Bool = true
    ) -> QuizSubmitted {
        QuizSubmitted(
            submissionID: .new, quizID: .new, courseID: course, userID: user, attempt: 1, score: percent,
            maxScore: 100, percent: percent, passed: passed, submittedAt: TestClock().now, lessonID: lesson)
    }
}

extension AssignmentGraded {
    static func of(
        _ lesson: LessonID?, in course: CourseID, by user: UserID, percent: Double, passed: Bool? = true
    ) -> AssignmentGraded {
        AssignmentGraded(
            submissionID: .new, assignmentID: .new, kind: .assignment, courseID: course, userID: user, score: percent,
            maxScore: 100, percent: percent, gradedBy: "usr_teach", gradedAt: TestClock().now, lessonID: lesson,
            passed: passed)
    }
}

extension HubID {
    static var new: Self { .make(at: TestClock().now) }
}
