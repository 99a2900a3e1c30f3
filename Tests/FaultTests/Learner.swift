import HTTP
import HubTesting
import Synchronization
import SystemTesting
import Testing

/// A learner who buys and completes a course, and repeats every failed request with the same key.
final class Learner: Sendable {
    /// The responses they got.
    struct Told: Sendable {
        var payment: String?
        var enrollment: String?
        var submission: String?
        /// The id of their certificate.
        var certificate: String?
    }

    let id: String
    private let token: String
    /// The number of concurrent orders, each with its own key.
    private let tabCount: Int
    private let client: PersistentClient
    private let told = Mutex(Told())
    /// Opened to start buying, and to continue.
    let mayBuy = Gate(), mayFinish = Gate()

    init(_ number: Int, tabCount: Int, _ client: PersistentClient) async throws {
        let email = "learner\(number)@example.com"
        let account = try await client.untilGood("learner \(number) has an account") { client in
            try await client.register(email, key: email)
        }
        let credentials = ["email": email, "password": HubClient.password]
        let tokens = try await client.untilGood("learner \(number) is logged in") { client in
            try await client.send(.post, "/auth/login", json: credentials)
        }
        id = try account.json(HubClient.Account.self).id
        token = try tokens.json(HubClient.Tokens.self).accessToken
        self.tabCount = tabCount
        self.client = client
    }

    var whatTheyWereTold: Told { told.withLock { $0 } }
    var hasEnrolled: Bool { whatTheyWereTold.enrollment != nil }
    var hasFinished: Bool { whatTheyWereTold.certificate != nil }

    func learn(_ course: TestCourse) async throws {
        await mayBuy.wait()
        let enrollment = try await buy(course)
        await mayFinish.wait()
        try await finish(course, enrollment)
    }

    // MARK: Buying

    private func buy(_ course: TestCourse) async throws -> String {
        _ = try await get("/courses/\(course.id)") { $0 }
        let paid = try await withThrowingTaskGroup(of: String?.self, returning: [String].self) { tabs in
            for tab in 0..<tabCount { tabs.addTask { try await self.checkOut(course, key: "\(self.id).\(tab)") } }
            return try await tabs.reduce(into: []) { paid, payment in if let payment { paid.append(payment) } }
        }
        #expect(paid.count == 1, "\(id) paid in one tab")
        told.withLock { $0.payment = paid.first }
        let enrollment = try await get("/enrollments") { answer in
            try answer.json(HubClient.List<HubClient.Made>.self).items.first?.id
        }
        told.withLock { $0.enrollment = enrollment }
        return enrollment
    }

    /// - Returns: nil if another order was faster.
    private func checkOut(_ course: TestCourse, key: String) async throws -> String? {
        let order = ["courseId": course.id, "paymentMethod": "pm_card_visa"]
        let answer = try await client.until("\(id) is told of the order") { [token] client in
            try await client.send(.post, "/enrollments", token: token, json: order, fields: ["idempotency-key": key])
        } found: { answer in
            answer.status == 202 || answer.status == 409 ? answer : nil
        }
        guard answer.status == 202 else {
            #expect(try answer.json(HubClient.Complaint.self).code == "already-enrolled")
            return nil
        }
        let id = try answer.json(HubClient.Ordered.self).paymentId
        let payment = try await get("/payments/\(id)") { answer in
            let payment = try answer.json(HubClient.Payment.self)
            return ["COMPLETED", "FAILED"].contains(payment.status) ? payment : nil
        }
        if payment.status == "COMPLETED" { return id }
        #expect(payment.failure?.code == "already-enrolled")
        return nil
    }

    // MARK: Finishing

    private func finish(_ course: TestCourse, _ enrollment: String) async throws {
        let report = HubClient.ProgressReport(enrollment, course.article, percent: 100)
        _ = try await client.untilGood("\(id) has read the article") { [token] client in
            try await client.send(.put, "/progress", token: token, json: report)
        }
        let quiz = try await get("/quizzes/\(course.quiz)") { $0 }
        let answers = try HubClient.answers(to: quiz), key = "\(id).quiz"
        let submission = try await client.untilGood("\(id) has handed in the quiz") { [token] client in
            try await client.send(
                .post, "/quizzes/submit", token: token, json: answers, fields: ["idempotency-key": key])
        }.json(HubClient.Submission.self)
        #expect(submission.passed)
        told.withLock { $0.submission = submission.submissionId }

        _ = try await get("/lessons/\(course.article)/content") { $0 }
        let certificate = try await get("/certificates") { answer in
            try answer.json(HubClient.List<HubClient.Certificate>.self).items.first?.id
        }
        let file = try await get("/certificates/\(certificate)/pdf") { $0 }
        #expect(file.text.hasPrefix("%PDF"))
        told.withLock { $0.certificate = certificate }
    }

    /// Repeats a request until it succeeds and its response contains a value.
    private func get<Value: Sendable>(
        _ target: String, found: @Sendable (HubClient.Answer) throws -> Value?
    ) async throws -> Value {
        try await client.until("\(id) sees \(target)") { [token] client in
            try await client.get(target, token: token)
        } found: { answer in
            answer.isGood ? try found(answer) : nil
        }
    }
}
