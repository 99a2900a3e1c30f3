@testable import Assessment
import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Synchronization
import Testing

typealias AssessmentHub = TestService<AssessmentService>

/// A course with its instructor and a learner, as the course and the enrollment service answer for them in these tests.
final class School: Sendable {
    struct Course: Encodable, Sendable {
        struct Lesson: Encodable, Sendable {
            let id, kind: String
        }
        let id, instructorId: String
        let version = 1
        let isPublic: Bool
        let lessons: [Lesson]
    }

    let directory = ServiceDirectory()
    let clock = TestClock()
    let course = CourseID.new, teacher = UserID.new, ada = UserID.new
    let quizLesson = LessonID.new, assignmentLesson = LessonID.new
    private let learners: Mutex<Set<UserID>>
    /// Whether the course is public.
    let isPublic: Bool

    init(isPublic: Bool) {
        self.isPublic = isPublic
        learners = Mutex([ada])
    }

    func enroll(_ user: UserID) { _ = learners.withLock { $0.insert(user) } }
    func withdraw(_ user: UserID) { _ = learners.withLock { $0.remove(user) } }

    /// From here on enrollment is down.
    func closeEnrollment() { directory[.enrollment] = nil }

    static func with(
        isPublic: Bool = true, _ body: @escaping @Sendable (AssessmentHub, School) async throws -> Void
    ) async throws {
        let school = School(isPublic: isPublic)
        try await Neighbours.with([.course, .enrollment], in: school.directory, clock: school.clock) { routes in
            school.add(to: &routes)
        } _: {
            try await AssessmentHub.with(clock: school.clock, directory: school.directory) { hub in
                try await body(hub, school)
            }
        }
    }

    private func add(to routes: inout Routes) {
        routes.get("/internal/courses/{id}", .service(.assessment)) { [self] request in
            guard try request.id("id", as: CourseID.self) == course else { throw Problem.notFound }
            return try .ok(
                Course(
                    id: course.rawValue, instructorId: teacher.rawValue, isPublic: isPublic,
                    lessons: [
                        .init(id: quizLesson.rawValue, kind: "QUIZ"),
                        .init(id: assignmentLesson.rawValue, kind: "ASSIGNMENT"),
                    ]))
        }
        routes.get("/internal/enrollments/of/{userId}/in/{courseId}", .service(.assessment)) { [self] request in
            let user = try request.id("userId", as: UserID.self)
            guard try request.id("courseId", as: CourseID.self) == course,
                learners.withLock({ $0.contains(user) })
            else { throw Problem.notFound }
            return try .ok(["enrollmentId": "enr_1", "status": "ACTIVE"])
        }
    }
}

extension TestService<AssessmentService> {
    static let questions = """
        [{"kind": "SINGLE", "text": "2 + 2?", "points": 2,
          "options": [{"text": "3", "correct": false}, {"text": "4", "correct": true}, {"text": "5"}]},
         {"kind": "MULTIPLE", "text": "Which are even?", "points": 3,
          "options": [{"text": "2", "correct": true}, {"text": "3"}, {"text": "4", "correct": true}]},
         {"kind": "TRUE_FALSE", "text": "1 is prime.", "points": 5,
          "options": [{"text": "True", "correct": false}, {"text": "False", "correct": true}]}]
        """

    /// A quiz of ten points with a pass mark of 70 percent.
    func addQuiz(_ school: School, lesson: LessonID? = nil, attemptsMax: Int? = nil) async throws -> QuizID {
        let lesson = lesson.map { #", "lessonId": "\#($0)""# } ?? ""
        let attempts = attemptsMax.map { #", "attemptsMax": \#($0)"# } ?? ""
        let answer = try await send(
            .post, "/courses/\(school.course)/quizzes", as: .instructor(school.teacher),
            json: #"{"title": "Numbers", "passPercent": 70, "questions": \#(Self.questions)\#(lesson)\#(attempts)}"#)
        try #require(answer.status == 201)
        return QuizID(checked: try #require(answer["id"]))
    }

    /// An assignment of twenty points with a pass mark of 50 percent.
    func addAssignment(_ school: School, lesson: LessonID? = nil) async throws -> AssignmentID {
        let lesson = lesson.map { #", "lessonId": "\#($0)""# } ?? ""
        let answer = try await send(
            .post, "/courses/\(school.course)/assignments", as: .instructor(school.teacher),
            json: #"{"title": "An essay", "maxScore": 20\#(lesson)}"#)
        try #require(answer.status == 201)
        return AssignmentID(checked: try #require(answer["id"]))
    }

    /// Hands in a quiz with these options chosen, by their places from 0.
    func submit(
        _ quiz: QuizID, _ chosen: [[Int]], as user: UserID, key: String? = nil
    ) async throws -> TestAnswer {
        let work = try #require(try await service.operations.store.findWork(GradedWorkID(quiz), on: database))
        let answers = zip(work.questions, chosen).map { question, places in
            let options = places.map { #""\#(question.options[$0].id)""# }.joined(separator: ", ")
            return #"{"questionId": "\#(question.id)", "optionIds": [\#(options)]}"#
        }
        return try await send(
            .post, "/quizzes/submit", as: .learner(user),
            json: #"{"quizId": "\#(quiz)", "answers": [\#(answers.joined(separator: ", "))]}"#,
            fields: key.map { ["idempotency-key": $0] } ?? [:])
    }

    func handIn(_ text: String, to assignment: AssignmentID, as user: UserID) async throws -> SubmissionID {
        let answer = try await send(
            .post, "/assignments/\(assignment)/submissions", as: .learner(user), json: #"{"text": "\#(text)"}"#)
        try #require(answer.status == 201)
        return SubmissionID(checked: try #require(answer["id"]))
    }

    func grade(
        _ submission: SubmissionID, _ score: Double, as identity: Identity, feedback: String? = nil,
        fields: HTTPFields = [:]
    ) async throws -> TestAnswer {
        let feedback = feedback.map { #", "feedback": "\#($0)""# } ?? ""
        return try await send(
            .put, "/submissions/\(submission)/grade", as: identity, json: #"{"score": \#(score)\#(feedback)}"#,
            fields: fields)
    }

    func rowCount(_ table: String) async throws -> Int { try await count("select count(*) from \(quoted: table)") }
}

extension Identity {
    static func learner(_ user: UserID) -> Identity { .user(user, role: .student, session: "s") }
    static func instructor(_ user: UserID) -> Identity { .user(user, role: .instructor, session: "s") }
    static let administrator = Identity.user(.new, role: .admin, session: "s")
}

extension HubID {
    static var new: Self { .make(at: TestClock().now) }
}
