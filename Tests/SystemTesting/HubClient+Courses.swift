internal import HTTP
internal import Testing

/// A draft course with one section and one written article.
public struct TestDraft: Sendable {
    public let id, section, article: String
    public var content: String { "/lessons/\(article)/content" }
}

/// A published course with an article and a quiz.
public struct TestCourse: Sendable {
    public let id, title, article, quiz: String
}

extension HubClient {
    /// - Returns: the id of the resource that a POST created.
    public func make(
        _ target: String, _ body: any Encodable, token: String, key: String? = nil
    ) async throws -> String {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        let answer = try await send(.post, target, token: token, json: body, fields: fields)
        try #require(answer.status == 201, "\(target): \(answer.text)")
        return try answer.json(Made.self).id
    }

    /// Creates a course with one section and one article.
    /// - Parameters:
    ///   - key: of the request that creates the course.
    ///   - token: an instructor's.
    public func draftCourse(
        _ title: String, price: String, markdown: String = "It is *short*.", key: String? = nil, token: String
    ) async throws -> TestDraft {
        let offer = [
            "title": title, "description": "A course of the tests.", "category": "Tests", "level": "BEGINNER",
            "language": "en", "price": price, "currency": "USD",
        ]
        let course = try await make("/courses", offer, token: token, key: key)
        let section = try await make("/courses/\(course)/sections", ["title": "All"], token: token)
        let draft = TestDraft(
            id: course, section: section,
            article: try await lesson("To read", kind: "ARTICLE", in: course, section, token: token))
        let written = try await send(.put, draft.content, token: token, json: ["markdown": markdown])
        try #require(written.status == 200, "\(written.text)")
        return draft
    }

    public func publish(_ course: String, token: String) async throws {
        let published = try await send(.post, "/courses/\(course)/publish", token: token)
        try #require(published.status == 200, "\(published.text)")
    }

    /// Publishes a course with one article and one quiz of one question.
    /// - Parameter token: an instructor's.
    public func publishCourse(_ title: String, price: String = "49.99", token: String) async throws -> TestCourse {
        let draft = try await draftCourse(title, price: price, token: token)
        let quiz = try await make(
            "/courses/\(draft.id)/quizzes",
            QuizDraft(lessonId: try await lesson("To pass", kind: "QUIZ", in: draft.id, draft.section, token: token)),
            token: token)
        try await publish(draft.id, token: token)
        return TestCourse(id: draft.id, title: title, article: draft.article, quiz: quiz)
    }

    private func lesson(
        _ title: String, kind: String, in course: String, _ section: String, token: String
    ) async throws -> String {
        try await make(
            "/courses/\(course)/lessons", ["sectionId": section, "title": title, "kind": kind], token: token)
    }

    /// The submission of a learner who knows the answers.
    public static func answers(to quiz: Answer) throws -> any Encodable & Sendable {
        let quiz = try quiz.json(Quiz.self)
        return Sheet(
            quizId: quiz.id,
            answers: quiz.questions.map { question in
                let right = question.options.filter { $0.text == QuizDraft.right }
                return Sheet.Answer(questionId: question.id, optionIds: right.map(\.id))
            })
    }

    public struct Made: Decodable {
        public let id: String
    }
    public struct ProgressReport: Encodable, Sendable {
        public let enrollmentId, lessonId: String
        public let percent: Int

        public init(_ enrollment: String, _ lesson: String, percent: Int) {
            (enrollmentId, lessonId, self.percent) = (enrollment, lesson, percent)
        }
    }
    public struct Progress: Decodable {
        public let percent: Double
    }
    public struct Ordered: Decodable {
        public let paymentId, status: String
    }
    public struct Payment: Decodable, Sendable {
        public struct Failure: Decodable, Sendable {
            public let code: String
        }
        public let status: String
        public let enrollmentId: String?
        public let failure: Failure?
    }
    public struct Certificate: Decodable, Sendable {
        public let id, code: String
    }
    public struct Submission: Decodable {
        public let submissionId: String
        public let passed: Bool
    }
}

private struct QuizDraft: Encodable {
    struct Option: Encodable {
        let text: String
        let correct: Bool
    }
    struct Question: Encodable {
        let kind = "SINGLE", text = "Two and two?"
        let points = 10
        let options = ["Three", right, "Five"].map { Option(text: $0, correct: $0 == right) }
    }
    static let right = "Four"

    let title = "Sums"
    let passPercent = 50
    let lessonId: String
    let questions = [Question()]
}

private struct Quiz: Decodable {
    struct Option: Decodable { let id, text: String }
    struct Question: Decodable {
        let id: String
        let options: [Option]
    }
    let id: String
    let questions: [Question]
}

private struct Sheet: Encodable {
    struct Answer: Encodable {
        let questionId: String
        let optionIds: [String]
    }
    let quizId: String
    let answers: [Answer]
}
