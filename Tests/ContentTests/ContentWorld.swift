import Contracts
import Course
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Content

/// Content and the course service, each on its own database, with a real connection between them.
struct ContentWorld: Sendable {
    static let time = TestClock().now

    let content: TestService<ContentService>
    let courses: TestService<CourseService>
    let server: HTTPServer
    /// Where content finds the others.
    let directory: ServiceDirectory
    var clock: TestClock { content.clock }

    static func with(_ body: @escaping @Sendable (ContentWorld) async throws -> Void) async throws {
        let clock = TestClock(), directory = ServiceDirectory()
        try await TestService<CourseService>.with(clock: clock) { courses in
            let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: courses.router)
            directory[.course] = ServiceDirectory.url(host: "127.0.0.1", port: try await server.start())
            try await TestService<ContentService>.with(clock: clock, directory: directory) { content in
                try await body(ContentWorld(content: content, courses: courses, server: server, directory: directory))
            }
            await server.drain(within: .seconds(5))
        }
    }

    /// From here on the course service does not answer.
    func stopCourse() async { await server.drain(within: .zero) }

    /// A course of one lesson, published.
    func lesson(by instructor: UserID, isPublished: Bool = true, isPreview: Bool = false) async throws -> TaughtLesson {
        func make(_ target: String, _ body: String?) async throws -> String {
            let answer = try await courses.send(.post, target, as: .instructor(instructor), json: body)
            try #require(answer.status < 300, "\(answer.text)")
            return answer["id"] ?? ""
        }
        let course = try await make(
            "/courses",
            """
            {"title": "A", "description": "B", "category": "C", "level": "D", "language": "en", "price": "0",
             "currency": "EUR"}
            """)
        let section = try await make("/courses/\(course)/sections", #"{"title": "A"}"#)
        let lesson = try await make(
            "/courses/\(course)/lessons",
            #"{"sectionId": "\#(section)", "title": "A", "kind": "ARTICLE", "freePreview": \#(isPreview)}"#)
        if isPublished { _ = try await make("/courses/\(course)/publish", nil) }
        return TaughtLesson(
            id: try LessonID(validating: lesson), courseID: try CourseID(validating: course), instructorID: instructor)
    }

    func write(
        _ markdown: String, to lesson: TaughtLesson, as identity: Identity? = nil, fields: HTTPFields = [:]
    ) async throws -> TestAnswer {
        try await content.send(
            .put, "/lessons/\(lesson.id)/content", as: identity ?? .instructor(lesson.instructorID),
            json: #"{"markdown": "\#(markdown)"}"#, fields: fields)
    }

    func read(_ lesson: TaughtLesson, as identity: Identity) async throws -> TestAnswer {
        try await content.send(.get, "/lessons/\(lesson.id)/content", as: identity)
    }

    func revoke(_ enrollment: EnrollmentCreated, as identity: Identity = .service(.enrollment)) async throws
        -> TestAnswer
    {
        try await content.send(
            .put, "/internal/access/\(enrollment.enrollmentID)", as: identity,
            json: #"{"state": "REVOKED", "userId": "\#(enrollment.userID)", "courseId": "\#(enrollment.courseID)"}"#)
    }

    /// Delivers all events of the course service to content again.
    func tellChanges() async throws {
        for change in try await courses.published(CourseUpdated.self) { try await content.deliver(change.data) }
    }
}

struct TaughtLesson: Sendable {
    let id: LessonID
    let courseID: CourseID
    let instructorID: UserID

    func enrolled(_ user: UserID) -> EnrollmentCreated {
        EnrollmentCreated(
            enrollmentID: .make(at: ContentWorld.time), userID: user, courseID: courseID, source: .free,
            enrolledAt: ContentWorld.time)
    }
}

extension Identity {
    static func instructor(_ id: UserID) -> Identity { .user(id, role: .instructor, session: "ses_1") }
    static func student(_ id: UserID) -> Identity { .user(id, role: .student, session: "ses_1") }
    static func administrator() -> Identity { .user(.new, role: .admin, session: "ses_1") }
}

extension UserID {
    static var new: UserID { .make(at: ContentWorld.time) }
}
