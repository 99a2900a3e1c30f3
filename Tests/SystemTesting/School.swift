internal import HTTP
internal import Testing

/// A hub with somebody who teaches and somebody who learns.
public struct School: Sendable {
    public let hub: HubUnderTest
    /// Access tokens.
    public let teacher, learner: String
    public var client: HubClient { hub.client }

    /// A course of one lesson that has been written.
    public struct Course: Sendable {
        public let id, lesson: String
        public var content: String { "/lessons/\(lesson)/content" }
    }

    public struct Made: Decodable {
        public let id: String
        public let status: String?
    }

    public static func open(_ environment: [String: String] = [:]) async throws -> School {
        let root = "root@example.org", teacher = "teacher@example.org", learner = "learner@example.org"
        let standard = ["HUB_ADMIN_EMAIL": root, "HUB_ADMIN_PASSWORD": HubClient.password]
        let hub = try await HubUnderTest.inOneProcess(environment.merging(standard) { $1 })
        _ = try await hub.client.register(learner)
        let account = try await hub.client.register(teacher).json(HubClient.Account.self)
        let changed = try await hub.client.send(
            .put, "/users/\(account.id)/role", token: try await hub.client.logIn(root), json: ["role": "INSTRUCTOR"])
        try #require(changed.status == 200, "\(changed.text)")
        return School(
            hub: hub, teacher: try await hub.client.logIn(teacher), learner: try await hub.client.logIn(learner))
    }

    public func draft(price: String = "0") async throws -> Course {
        let offer = [
            "title": "Number theory", "description": "Primes.", "category": "Mathematics", "level": "BEGINNER",
            "language": "en", "price": price, "currency": "EUR",
        ]
        let course = try await make("/courses", offer, key: "k1")
        #expect(try await make("/courses", offer, key: "k1") == course)
        let section = try await make("/courses/\(course)/sections", ["title": "Beginnings"])
        let lesson = try await make(
            "/courses/\(course)/lessons", ["sectionId": section, "title": "Euclid", "kind": "ARTICLE"])
        let made = Course(id: course, lesson: lesson)
        let written = try await client.send(
            .put, made.content, token: teacher, json: ["markdown": "There is **another**."])
        try #require(written.status == 200, "\(written.text)")
        return made
    }

    public func publish(_ course: Course) async throws {
        let published = try await client.send(.post, "/courses/\(course.id)/publish", token: teacher)
        #expect(try published.json(Made.self).status == "PUBLISHED")
    }

    private func make(_ target: String, _ body: [String: String], key: String? = nil) async throws -> String {
        let fields: HTTPFields = key.map { ["idempotency-key": $0] } ?? [:]
        let answer = try await client.send(.post, target, token: teacher, json: body, fields: fields)
        try #require(answer.status == 201, "\(answer.text)")
        return try answer.json(Made.self).id
    }
}
