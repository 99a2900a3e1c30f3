internal import HTTP
internal import Testing

/// A course that was published: an article to read, and a quiz to pass.
public struct TestCourse: Sendable {
    public let id, title, article, quiz: String
}

extension HubClient {
    /// - Returns: the id of what a POST made.
    public func make(
        _ target: String, _ body: any Encodable, token: String, key: String? = nil
    ) async throws -> String {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        let answer = try await send(.post, target, token: token, json: body, fields: fields)
        try #require(answer.status == 201, "\(target): \(answer.text)")
        return try answer.json(Made.self).id
    }

    /// A course with one article and one quiz of one question, for whoever pays.
    /// - Parameter token: an instructor's.
    public func publishCourse(_ title: String, price: String = "49.99", token: String) async throws -> TestCourse {
        let offer = [
            "title": title, "description": "To be bought.", "category": "Tests", "level": "BEGINNER",
            "language": "en", "price": price, "currency": "USD",
        ]
        let course = try await make("/courses", offer, token: token)
        let section = try await make("/courses/\(course)/sections", ["title": "All"], token: token)
        func lesson(_ title: String, _ kind: String) async throws -> String {
            try await make(
                "/courses/\(course)/lessons", ["sectionId": section, "title": title, "kind": kind], token: token)
        }
        let article = try await lesson("To read", "ARTICLE")
        let written = try await send(
            .put, "/lessons/\(article)/content", token: token, json: ["markdown": "It is *short*."])
        try #require(written.status == 200, "\(written.text)")
        let quiz = try await make(
            "/courses/\(course)/quizzes", QuizDraft(lessonId: try await lesson("To pass", "QUIZ")), token: token)
        let published = try await send(.post, "/courses/\(course)/publish", token: token)
        try #require(published.status == 200, "\(published.text)")
        return TestCourse(id: course, title: title, article: article, quiz: quiz)
    }

    /// What a learner hands in who knows the answer.
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
