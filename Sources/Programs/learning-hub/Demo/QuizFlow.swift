internal import Avro
internal import HTTP
internal import Secrets

/// Flow 4: the learner submits a quiz and receives the grade.
struct QuizFlow {
    let client: APIClient
    let steps: Steps
    let learner: DemoPerson
    let course: DemoCourse

    func play() async throws {
        let quiz = try await steps.step("the learner opens the quiz, which does not show the right answers") {
            let answer = try await client.call(.get, "/quizzes/\(course.quiz)", token: learner.token).expect(200)
            guard !answer.body.compactText().contains("correct") else {
                throw CommandFailure("the quiz shows the right answers")
            }
            return answer
        }
        let submission = try await steps.step("the learner submits the quiz") {
            try await client.call(
                .post, "/quizzes/submit",
                json: .object([
                    .init("quizId", .string(course.quiz)), .init("answers", .array(try answers(to: quiz.body))),
                ]), token: learner.token, key: SecureRandom.token(byteCount: 12)
            ).expect(200)
        } detail: {
            $0.body["passed"] == .bool(true) ? "passed" : "not passed"
        }
        _ = try await steps.eventually("the learner gets a notification of the grade", client) { () -> String? in
            let notices = try await client.call(.get, "/notifications", token: learner.token).expect(200)
            return notices.body["items"]?.items?.first { $0["type"]?.text == "grade" }?["title"]?.text
        }
        _ = try await steps.eventually("the points for it are in the ledger", client) { () -> String? in
            let rows = try await client.call(.get, "/gamification/me/ledger", token: learner.token).expect(200)
            return rows.body["items"]?.items?.lazy.compactMap { $0["rule"]?.text }.first { $0.hasPrefix("quiz") }
        }
        steps.journey(submission)
    }

    private func answers(to quiz: JSONTree) throws -> [JSONTree] {
        try (quiz["questions"]?.items ?? []).map { question in
            let right = question["options"]?.items?.first { $0["text"]?.text == DemoCourse.right }
            guard let id = question["id"]?.text, let option = right?["id"]?.text else {
                throw CommandFailure("the notification is about another quiz")
            }
            return .object([.init("questionId", .string(id)), .init("optionIds", .array([.string(option)]))])
        }
    }
}
