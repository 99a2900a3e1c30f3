import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// Teaching and learning, through the gateway: a course is drafted, written, published and found, and opens for those who may read it.
@Suite struct CourseFlowTests {
    private struct Made: Decodable {
        let id: String
        let status: String?
    }
    private struct Page: Decodable {
        let html: String
        let markdown: String?
    }
    private struct Enrolled: Decodable {
        let enrollmentId: String
    }
    private struct ProgressReport: Encodable {
        let enrollmentId, lessonId: String
        let percent: Int
    }
    private struct Opinion: Encodable {
        let rating: Int
        let text: String
    }
    private struct Rated: Decodable {
        let average: Double?
        let count: Int
    }

    /// A course of one lesson that has been written, not yet published.
    private struct Draft {
        let course, lesson: String
        var content: String { "/lessons/\(lesson)/content" }
    }

    @Test func `a course goes from draft to catalogue, and other services hear of it`() async throws {
        let (hub, teacher, learner) = try await Self.hub()
        let client = hub.client, draft = try await Self.draft(client, teacher)
        #expect(try await client.get(draft.content, token: learner).status == 404)
        #expect(try await client.get("/courses/\(draft.course)").status == 404)

        try await Self.publish(draft, client, teacher)
        let found = try await client.get("/courses?query=primes").json(HubClient.List<Made>.self)
        #expect(found.items.map(\.id) == [draft.course])
        // Content has kept what course said of the draft; the event has it ask again.
        try await eventually("content hears that the course is published") {
            try await client.get(draft.content, token: learner).status == 403
        }
        let page = try await client.get(draft.content, token: teacher).json(Page.self)
        #expect(page.markdown == "There is **another**.")
        #expect(try await client.get("/internal/courses/\(draft.course)", token: teacher).status == 404)
        #expect(try await hub.stop() == [0])
    }

    @Test func `a learner enrols, reads, makes progress, says what they think, and leaves`() async throws {
        let (hub, teacher, learner) = try await Self.hub()
        let client = hub.client, draft = try await Self.draft(client, teacher)
        try await Self.publish(draft, client, teacher)
        let ordered = try await client.send(
            .post, "/enrollments", token: learner, json: ["courseId": draft.course], fields: ["idempotency-key": "e1"])
        try #require(ordered.status == 201, "\(ordered.text)")
        let enrollment = try ordered.json(Enrolled.self).enrollmentId
        try await eventually("content hears of the enrolment") {
            try await client.get(draft.content, token: learner).status == 200
        }
        let page = try await client.get(draft.content, token: learner).json(Page.self)
        #expect(page.html == "<p>There is <strong>another</strong>.</p>\n" && page.markdown == nil)

        let reviews = "/courses/\(draft.course)/reviews", opinion = Opinion(rating: 4, text: "Clear.")
        let early = try await client.send(.post, reviews, token: learner, json: opinion)
        #expect(try early.json(HubClient.Complaint.self).code == "no-progress")
        let report = ProgressReport(enrollmentId: enrollment, lessonId: draft.lesson, percent: 50)
        #expect(try await client.send(.put, "/progress", token: learner, json: report).status == 200)
        #expect(try await client.send(.post, reviews, token: learner, json: opinion).status == 201)
        let rated = try await client.get(reviews).json(Rated.self)
        #expect(rated.average == 4 && rated.count == 1)

        let left = try await client.send(.post, "/enrollments/\(enrollment)/withdraw", token: learner)
        #expect(left.status == 200)
        try await eventually("content hears that the learner has left") {
            try await client.get(draft.content, token: learner).status == 403
        }
        #expect(try await hub.stop() == [0])
    }

    // MARK: What people do

    /// A hub, and the access tokens of an instructor and of a learner.
    private static func hub() async throws -> (HubUnderTest, teacher: String, learner: String) {
        let root = "root@example.org", teacher = "teacher@example.org", learner = "learner@example.org"
        let hub = try await HubUnderTest.inOneProcess([
            "HUB_ADMIN_EMAIL": root, "HUB_ADMIN_PASSWORD": HubClient.password,
        ])
        _ = try await hub.client.register(learner)
        let account = try await hub.client.register(teacher).json(HubClient.Account.self)
        let changed = try await hub.client.send(
            .put, "/users/\(account.id)/role", token: try await hub.client.logIn(root), json: ["role": "INSTRUCTOR"])
        try #require(changed.status == 200, "\(changed.text)")
        return (hub, try await hub.client.logIn(teacher), try await hub.client.logIn(learner))
    }

    private static func draft(_ client: HubClient, _ teacher: String) async throws -> Draft {
        func make(_ target: String, _ body: [String: String], key: String? = nil) async throws -> String {
            let fields: HTTPFields = key.map { ["idempotency-key": $0] } ?? [:]
            let answer = try await client.send(.post, target, token: teacher, json: body, fields: fields)
            try #require(answer.status == 201, "\(answer.text)")
            return try answer.json(Made.self).id
        }
        let offer = [
            "title": "Number theory", "description": "Primes.", "category": "Mathematics", "level": "BEGINNER",
            "language": "en", "price": "0", "currency": "EUR",
        ]
        let course = try await make("/courses", offer, key: "k1")
        #expect(try await make("/courses", offer, key: "k1") == course)
        let section = try await make("/courses/\(course)/sections", ["title": "Beginnings"])
        let lesson = try await make(
            "/courses/\(course)/lessons", ["sectionId": section, "title": "Euclid", "kind": "ARTICLE"])
        let draft = Draft(course: course, lesson: lesson)
        let written = try await client.send(
            .put, draft.content, token: teacher, json: ["markdown": "There is **another**."])
        try #require(written.status == 200, "\(written.text)")
        return draft
    }

    private static func publish(_ draft: Draft, _ client: HubClient, _ teacher: String) async throws {
        let published = try await client.send(.post, "/courses/\(draft.course)/publish", token: teacher)
        #expect(try published.json(Made.self).status == "PUBLISHED")
    }
}
