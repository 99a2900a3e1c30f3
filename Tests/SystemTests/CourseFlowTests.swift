import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// Teaching, through the gateway: a course is drafted, written, published and found, and its lessons open for those who may read them.
@Suite struct CourseFlowTests {
    private struct Made: Decodable {
        let id: String
        let status: String?
    }
    private struct Page: Decodable {
        let html: String
        let markdown: String?
    }

    @Test func `a course goes from draft to catalogue, and other services hear of it`() async throws {
        let hub = try await HubUnderTest.inOneProcess([
            "HUB_ADMIN_EMAIL": "root@example.org", "HUB_ADMIN_PASSWORD": HubClient.password,
        ])
        let client = hub.client
        let teacher = try await Self.teacher(client), learner = try await Self.learner(client)

        func make(_ target: String, _ body: [String: String], key: String? = nil) async throws -> Made {
            let fields: HTTPFields = key.map { ["idempotency-key": $0] } ?? [:]
            let answer = try await client.send(.post, target, token: teacher, json: body, fields: fields)
            try #require(answer.status == 201, "\(answer.text)")
            return try answer.json()
        }
        let offer = [
            "title": "Number theory", "description": "Primes.", "category": "Mathematics", "level": "BEGINNER",
            "language": "en", "price": "0", "currency": "EUR",
        ]
        let course = try await make("/courses", offer, key: "k1")
        #expect(try await make("/courses", offer, key: "k1").id == course.id)
        let section = try await make("/courses/\(course.id)/sections", ["title": "Beginnings"])
        let lesson = try await make(
            "/courses/\(course.id)/lessons", ["sectionId": section.id, "title": "Euclid", "kind": "ARTICLE"])
        let content = "/lessons/\(lesson.id)/content"
        let written = try await client.send(.put, content, token: teacher, json: ["markdown": "There is **another**."])
        #expect(try written.json(Page.self).html == "<p>There is <strong>another</strong>.</p>\n")
        #expect(try await client.get(content, token: learner).status == 404)
        #expect(try await client.get("/courses/\(course.id)").status == 404)

        let published = try await client.send(.post, "/courses/\(course.id)/publish", token: teacher)
        #expect(try published.json(Made.self).status == "PUBLISHED")
        let found = try await client.get("/courses?query=primes").json(HubClient.List<Made>.self)
        #expect(found.items.map(\.id) == [course.id])
        #expect(try await client.get("/courses/\(course.id)/reviews").status == 200)
        // Content has said what it knew of the draft; the event tells it to ask again.
        try await eventually("content hears that the course is published") {
            try await client.get(content, token: learner).status == 403
        }
        #expect(try await client.get(content, token: teacher).json(Page.self).markdown == "There is **another**.")
        #expect(try await client.get("/internal/courses/\(course.id)", token: teacher).status == 404)
        #expect(try await hub.stop() == [0])
    }

    /// - Returns: the access token of an instructor.
    private static func teacher(_ client: HubClient) async throws -> String {
        let account = try await client.register("teacher@example.org").json(HubClient.Account.self)
        let root = try await client.logIn("root@example.org")
        let changed = try await client.send(
            .put, "/users/\(account.id)/role", token: root, json: ["role": "INSTRUCTOR"])
        try #require(changed.status == 200)
        return try await client.logIn("teacher@example.org")
    }

    private static func learner(_ client: HubClient) async throws -> String {
        _ = try await client.register("learner@example.org")
        return try await client.logIn("learner@example.org")
    }
}
