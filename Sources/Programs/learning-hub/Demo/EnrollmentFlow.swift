internal import Avro
internal import HTTP
internal import Secrets

/// A course that the demo made.
struct DemoCourse: Sendable {
    let id: String
    let article: String
    let quiz: String
    /// The text of each question's right option.
    static let right = "Four"
}

/// Flow 2: an author publishes a course, a learner pays for it with a card, and reads it.
struct EnrollmentFlow {
    let client: APIClient
    let steps: Steps
    let author: DemoPerson
    let learner: DemoPerson

    private static let price = "49.99"

    func play() async throws -> (DemoCourse, enrollment: String) {
        let course = try await publish()
        // An event tells content of the publication.
        _ = try await steps.eventually("the lesson is closed before the enrolment", client) { () -> String? in
            let answer = try await client.call(.get, "/lessons/\(course.article)/content", token: learner.token)
            return answer.status == 403 ? answer.body["code"]?.text : nil
        }
        let order = try await steps.step("the learner pays with a test card") {
            let body = JSONTree.texts(["courseId": course.id, "paymentMethod": "pm_card_visa"])
            let key = SecureRandom.token(byteCount: 12)
            let first = try await client.call(
                .post, "/enrollments", json: body, token: learner.token, key: key
            ).expect(202)
            let again = try await client.call(.post, "/enrollments", json: body, token: learner.token, key: key)
            guard again.body["paymentId"] == first.body["paymentId"] else {
                throw CommandFailure("the same key made a second payment")
            }
            return first
        } detail: {
            "\($0.body["paymentId"]?.text ?? "?") is \($0.body["status"]?.text ?? "?"), also when requested twice with the same key"
        }
        let payment = try order.text("paymentId")
        let enrollment = try await steps.eventually("the payment event creates the enrolment", client) {
            try await client.call(.get, "/payments/\(payment)", token: learner.token).expect(200)
                .body["enrollmentId"]?.text
        }
        _ = try await steps.eventually("the learner may read the lesson", client) { () -> String? in
            let answer = try await client.call(.get, "/lessons/\(course.article)/content", token: learner.token)
            return answer.status == 200 ? try answer.text("html").split(separator: "\n").joined() : nil
        }
        steps.journey(order)
        return (course, enrollment)
    }

    private func publish() async throws -> DemoCourse {
        let course = try await steps.step("the author creates a draft course") {
            try await client.call(
                .post, "/courses",
                json: .texts([
                    "title": "A demo course", "description": "One article and one quiz.", "category": "demo",
                    "level": "BEGINNER", "language": "en", "price": Self.price, "currency": "USD",
                ]), token: author.token
            ).expect(201).text("id")
        } detail: {
            "\($0) for \(Self.price) USD"
        }
        let article = try await steps.step("the author writes a lesson") {
            let section = try await client.call(
                .post, "/courses/\(course)/sections", json: .texts(["title": "Begin"]), token: author.token
            ).expect(201).text("id")
            let lesson = try await client.call(
                .post, "/courses/\(course)/lessons",
                json: .texts(["sectionId": section, "title": "Hello", "kind": "ARTICLE"]), token: author.token
            ).expect(201).text("id")
            _ = try await client.call(
                .put, "/lessons/\(lesson)/content", json: .texts(["markdown": "# Hello\n\nThis is *the* lesson."]),
                token: author.token
            ).expect(200)
            return lesson
        }
        let quiz = try await steps.step("the author sets a quiz") { try await makeQuiz(course) }
        _ = try await steps.step("the author publishes it") {
            try await client.call(.post, "/courses/\(course)/publish", token: author.token).expect(200)
        }
        return DemoCourse(id: course, article: article, quiz: quiz)
    }

    /// A quiz that completes a lesson of the course.
    private func makeQuiz(_ course: String) async throws -> String {
        let section = try await client.call(
            .post, "/courses/\(course)/sections", json: .texts(["title": "End"]), token: author.token
        ).expect(201).text("id")
        let lesson = try await client.call(
            .post, "/courses/\(course)/lessons",
            json: .texts(["sectionId": section, "title": "Quiz", "kind": "QUIZ"]), token: author.token
        ).expect(201).text("id")
        func option(_ text: String) -> JSONTree {
            .object([.init("text", .string(text)), .init("correct", .bool(text == DemoCourse.right))])
        }
        let question = JSONTree.object([
            .init("kind", .string("SINGLE")), .init("text", .string("Two and two?")), .init("points", .number("10")),
            .init("options", .array([option("Three"), option(DemoCourse.right), option("Five")])),
        ])
        return try await client.call(
            .post, "/courses/\(course)/quizzes",
            json: .object([
                .init("title", .string("Sums")), .init("passPercent", .number("50")),
                .init("lessonId", .string(lesson)), .init("questions", .array([question])),
            ]), token: author.token
        ).expect(201).text("id")
    }
}
