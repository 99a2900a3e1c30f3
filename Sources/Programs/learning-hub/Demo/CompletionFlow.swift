internal import Avro
internal import HTTP

/// Flow 3: the learner finishes the course and receives a badge, a certificate and congratulations.
struct CompletionFlow {
    let client: APIClient
    let steps: Steps
    let learner: DemoPerson
    let course: DemoCourse
    let enrollment: String

    /// Completes the article; the quiz lesson is completed by an event.
    func read() async throws {
        _ = try await steps.step("the learner completes the article") {
            try await client.call(
                .put, "/progress",
                json: .object([
                    .init("enrollmentId", .string(enrollment)), .init("lessonId", .string(course.article)),
                    .init("percent", .number("100")),
                ]), token: learner.token
            ).expect(200)
        } detail: {
            "\($0.body["status"]?.text ?? "?")"
        }
    }

    func play() async throws {
        _ = try await steps.eventually("the course is completed", client) { () -> String? in
            let found = try await client.call(.get, "/enrollments/\(enrollment)", token: learner.token).expect(200)
            return found.body["status"]?.text == "COMPLETED" ? "COMPLETED" : nil
        }
        let certificate = try await steps.eventually("the certificate is issued", client) { () -> String? in
            let mine = try await client.call(.get, "/certificates", token: learner.token).expect(200)
            return mine.body["items"]?.items?.first?["code"]?.text
        }
        _ = try await steps.step("its code can be verified without a login") {
            let answer = try await client.call(.get, "/certificates/verify/\(certificate)").expect(200)
            guard answer.body["valid"] == .bool(true) else { throw CommandFailure("the certificate is not valid") }
            return answer
        } detail: {
            "\($0.body["learnerName"]?.text ?? "?"), “\($0.body["courseTitle"]?.text ?? "?")”"
        }
        _ = try await steps.eventually("the badge of the completed course is earned", client) { () -> String? in
            let standing = try await client.call(.get, "/gamification/me", token: learner.token).expect(200)
            let badges = standing.body["badges"]?.items ?? []
            return badges.first { $0["code"]?.text == "COURSE_COMPLETED" }?["name"]?.text
        }
        _ = try await steps.eventually("the learner gets a notification of it", client) { () -> String? in
            let notices = try await client.call(.get, "/notifications", token: learner.token).expect(200)
            return notices.body["items"]?.items?.first { $0["type"]?.text == "completion" }?["title"]?.text
        }
        try await steps.step("the learner writes a review") {
            let body: JSONTree = .object([.init("rating", .number("5")), .init("text", .string("Short and good."))])
            _ = try await client.call(.post, "/courses/\(course.id)/reviews", json: body, token: learner.token)
                .expect(201)
        }
    }
}
