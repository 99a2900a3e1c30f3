internal import HTTP
internal import HubTesting
internal import Testing

/// A learner who is enrolled in a course.
public struct TestLearner: Sendable {
    public let client: HubClient
    public let course: TestCourse
    public let token, enrollment: String

    /// Pays for a course, and waits until the enrolment has followed and the lessons are open.
    /// - Parameter correlationID: of the request.
    public static func enrol(
        _ client: HubClient, _ course: TestCourse, token: String, correlationID: String? = nil
    ) async throws -> TestLearner {
        let order = ["courseId": course.id, "paymentMethod": "pm_card_visa"]
        let answer = try await client.send(
            .post, "/enrollments", token: token, json: order, fields: fields(correlationID))
        try #require(answer.status == 202, "\(answer.text)")
        let payment = try answer.json(HubClient.Ordered.self).paymentId
        let enrollment = try await eventually(within: .seconds(30), "the enrolment has followed") {
            try await client.get("/payments/\(payment)", token: token).json(HubClient.Payment.self).enrollmentId
        }
        try await eventually(within: .seconds(30), "the lesson is open") {
            try await client.get("/lessons/\(course.article)/content", token: token).status == 200
        }
        return TestLearner(client: client, course: course, token: token, enrollment: enrollment)
    }

    /// Passes the quiz, and waits until enrollment has received the grade.
    public func passQuiz(correlationID: String? = nil) async throws {
        let quiz = try await client.get("/quizzes/\(course.quiz)", token: token)
        let passed = try await client.send(
            .post, "/quizzes/submit", token: token, json: try HubClient.answers(to: quiz),
            fields: Self.fields(correlationID))
        try #require(try passed.json(HubClient.Submission.self).passed, "\(passed.text)")
        try await eventually(within: .seconds(30), "the quiz counts") {
            try await client.get("/enrollments/\(enrollment)", token: token).json(HubClient.Progress.self).percent > 0
        }
    }

    public func read(correlationID: String? = nil) async throws {
        let report = HubClient.ProgressReport(enrollment, course.article, percent: 100)
        let read = try await client.send(
            .put, "/progress", token: token, json: report, fields: Self.fields(correlationID))
        try #require(read.status == 200, "\(read.text)")
    }

    /// Waits for the certificate.
    public func certificate() async throws -> HubClient.Certificate {
        try await eventually(within: .seconds(30), "the certificate is there") {
            try await client.get("/certificates", token: token).json(HubClient.List<HubClient.Certificate>.self).items
                .first
        }
    }

    private static func fields(_ correlationID: String?) -> HTTPFields {
        var fields = HTTPFields()
        fields["x-correlation-id"] = correlationID
        return fields
    }
}
