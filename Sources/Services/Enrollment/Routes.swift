internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's enrolments and progress, an instructor's roster, and requests of other services.
struct EnrollmentRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.put("/progress", .user, recordProgress)
        routes.get("/enrollments", .user, query: .page(), list)
        routes.get("/enrollments/{id}", .user, show)
        routes.post("/enrollments/{id}/withdraw", .user, withdraw)
        routes.get("/courses/{id}/enrollments", .instructor, query: .page(), roster)
        routes.postOnce("/internal/enrollments", .service(.payment), enroll)
        routes.post("/internal/enrollments/reservations", .service(.payment), reserve)
        routes.delete("/internal/enrollments/reservations/{paymentId}", .service(.payment), release)
        routes.put("/internal/enrollments/{id}/refunded", .service(.payment), refund)
        routes.get(
            "/internal/enrollments/of/{userId}/in/{courseId}", .service(.content, .assessment, .review, .media),
            openEnrollment)
    }

    // MARK: A learner's own

    struct ProgressBody: RequestBody {
        let report: ProgressReport

        init(_ fields: inout BodyFields) {
            report = ProgressReport(
                enrollmentID: fields.id("enrollmentId"), lessonID: fields.id("lessonId"),
                percent: fields.number("percent", in: 0...Standing.percentMax))
        }
    }

    struct ProgressView: Encodable {
        let enrollmentId, status: String
        let percent: Double
        let completedLessons, totalLessons: Int
    }

    @Sendable func recordProgress(_ request: Request) async throws -> Response {
        let body = try await request.body(as: ProgressBody.self)
        return try .ok(ProgressView(try await operations.record(body.report, by: request.user)))
    }

    struct EnrollmentView: Encodable {
        let id, courseId, status: String
        let percent: Double
        let completedLessons, totalLessons: Int
        let finalScore: Double?
        let enrolledAt, completedAt: Date?
    }

    @Sendable func list(_ request: Request) async throws -> Response {
        let page = try request.page(by: EnrollmentID.self)
        return try .page(try await operations.list(of: request.user, page).map(EnrollmentView.init), of: request)
    }

    struct DetailView: Encodable {
        struct Lesson: Encodable {
            let id, title, kind, state: String
            let required: Bool
            let percent: Double
            let score: Double?
            let completedAt: Date?
        }
        let enrollment: EnrollmentView
        let lessons: [Lesson]
    }

    @Sendable func show(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: EnrollmentID.self)
        return try .ok(DetailView(try await operations.detail(of: id, of: request.user)))
    }

    struct WithdrawalView: Encodable {
        let id, status: String
    }

    @Sendable func withdraw(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: EnrollmentID.self)
        let enrollment = try await operations.withdraw(id, by: request.user)
        return try .ok(WithdrawalView(id: id.rawValue, status: enrollment.state.rawValue))
    }

    // MARK: Instructors

    struct RosterView: Encodable {
        let id, userId, status: String
        let percent: Double
        let finalScore: Double?
        let enrolledAt, completedAt: Date?
    }

    @Sendable func roster(_ request: Request) async throws -> Response {
        let page = try request.page(by: EnrollmentID.self)
        let course = try request.id("id", as: CourseID.self)
        let roster = try await operations.roster(of: course, for: request.identity, page)
        return try .page(roster.map(RosterView.init), of: request)
    }

    // MARK: For the hub's other services

    struct EnrollBody: RequestBody {
        enum Source: String, CaseIterable {
            case free = "FREE"
            case subscription = "SUBSCRIPTION"
        }
        let userID: UserID
        let courseID: CourseID
        let source: EnrollmentSource

        init(_ fields: inout BodyFields) {
            userID = fields.id("userId")
            courseID = fields.id("courseId")
            source = fields.choice("source", of: Source.self, else: .free) == .free ? .free : .subscription
        }
    }

    struct StatusView: Encodable {
        let enrollmentId, status: String
    }

    @Sendable func enroll(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: EnrollBody.self)
        let enrollment = try await operations.enroll(body.userID, in: body.courseID, body.source, once)
        return try .created(
            StatusView(enrollmentId: enrollment.id.rawValue, status: enrollment.state.rawValue),
            at: Enrollment.path(of: enrollment.id))
    }

    struct ReservationBody: RequestBody {
        let userID: UserID
        let courseID: CourseID
        let paymentID: PaymentID

        init(_ fields: inout BodyFields) {
            userID = fields.id("userId")
            courseID = fields.id("courseId")
            paymentID = fields.id("paymentId")
        }
    }

    @Sendable func reserve(_ request: Request) async throws -> Response {
        let body = try await request.body(as: ReservationBody.self)
        let place = try await operations.reserve(body.userID, in: body.courseID, body.paymentID)
        return try .created(
            StatusView(enrollmentId: place.id.rawValue, status: place.state.rawValue), at: Enrollment.path(of: place.id)
        )
    }

    @Sendable func release(_ request: Request) async throws -> Response {
        try await operations.release(request.id("paymentId", as: PaymentID.self))
        return .noContent
    }

    @Sendable func refund(_ request: Request) async throws -> Response {
        try await operations.refund(request.id("id", as: EnrollmentID.self))
        return .noContent
    }

    struct OpenView: Encodable {
        let enrollmentId, status: String
        let percent: Double
    }

    @Sendable func openEnrollment(_ request: Request) async throws -> Response {
        let enrollment = try await operations.openEnrollment(
            of: request.id("userId", as: UserID.self), in: request.id("courseId", as: CourseID.self))
        return try .ok(
            OpenView(
                enrollmentId: enrollment.id.rawValue, status: enrollment.state.rawValue,
                percent: enrollment.standing.percent))
    }
}

extension EnrollmentRoutes.ProgressView {
    init(_ enrollment: Enrollment) {
        enrollmentId = enrollment.id.rawValue
        status = enrollment.state.rawValue
        percent = enrollment.standing.percent
        completedLessons = enrollment.standing.completedLessons
        totalLessons = enrollment.standing.totalLessons
    }
}

extension EnrollmentRoutes.EnrollmentView {
    init(_ enrollment: Enrollment) {
        id = enrollment.id.rawValue
        courseId = enrollment.courseID.rawValue
        status = enrollment.state.rawValue
        percent = enrollment.standing.percent
        completedLessons = enrollment.standing.completedLessons
        totalLessons = enrollment.standing.totalLessons
        finalScore = enrollment.finalScore
        enrolledAt = enrollment.enrolledAt
        completedAt = enrollment.completedAt
    }
}

extension EnrollmentRoutes.DetailView {
    init(_ detail: EnrollmentDetail) {
        enrollment = EnrollmentRoutes.EnrollmentView(detail.enrollment)
        lessons = detail.outline.lessons.map { Lesson($0, detail.record) }
    }

    enum CodingKeys: CodingKey { case lessons }

    /// The fields of the enrolment, with the lessons beside them.
    func encode(to encoder: any Encoder) throws {
        try enrollment.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(lessons, forKey: .lessons)
    }
}

extension EnrollmentRoutes.DetailView.Lesson {
    init(_ lesson: Outline.Lesson, _ record: Record) {
        id = lesson.id.rawValue
        title = lesson.title
        kind = lesson.kind.rawValue
        required = lesson.required
        percent = record.percent(of: lesson)
        score = record.grades[lesson.id]?.percent
        completedAt = record.completedAt(lesson)
        state = completedAt != nil ? "COMPLETED" : percent > 0 || score != nil ? "STARTED" : "OPEN"
    }
}

extension EnrollmentRoutes.RosterView {
    init(_ enrollment: Enrollment) {
        id = enrollment.id.rawValue
        userId = enrollment.userID.rawValue
        status = enrollment.state.rawValue
        percent = enrollment.standing.percent
        finalScore = enrollment.finalScore
        enrolledAt = enrollment.enrolledAt
        completedAt = enrollment.completedAt
    }
}

extension EnrollmentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .alreadyEnrolled:
            Problem(.conflict, "already-enrolled", detail: "There is an enrolment in this course already.")
        case .notActive: Problem(.conflict, "not-active", detail: "This enrolment has ended.")
        case .gradedLesson:
            Problem(.conflict, "graded-lesson", detail: "A quiz or an assignment is completed by its grade.")
        case .unknownLesson: .invalidBody([.init(field: "lessonId", message: "is not a lesson of this course")])
        }
    }
}
