import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// The results of flows 2 to 4, and the correlation of each step with its request.
@Suite struct JourneyFlowTests {
    private static let root = "root@example.org", email = "learner@example.org"

    private struct Step: Decodable {
        let kind, service, name, correlationId: String
    }
    private struct Verification: Decodable {
        let valid: Bool
        let learnerName, courseTitle: String
    }

    private static func learner(
        on hub: HubUnderTest, firstName: String = "Ada", buying: String? = nil
    ) async throws -> TestLearner {
        let course = try await hub.client.publishCourse("Sums & differences", token: try await hub.client.logIn(root))
        #expect(try await hub.client.register(email, firstName: firstName).status == 201)
        return try await TestLearner.enrol(
            hub.client, course, token: try await hub.client.logIn(email), correlationID: buying)
    }

    private static func hub() async throws -> HubUnderTest {
        try await HubUnderTest.inOneProcess(["HUB_ADMIN_EMAIL": root, "HUB_ADMIN_PASSWORD": HubClient.password])
    }

    @Test func `a certificate has learner and course, and everyone can verify its code`() async throws {
        let hub = try await Self.hub(), learner = try await Self.learner(on: hub, firstName: "Žofia")
        try await learner.passQuiz()
        try await learner.read()
        let certificate = try await learner.certificate()

        let file = try await hub.client.get("/certificates/\(certificate.id)/pdf", token: learner.token)
        let text = try PDFReader.text(of: file.body)
        for part in ["Žofia Lovelace", "Sums & differences", certificate.code] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let path = "/certificates/verify/\(certificate.code)"
        let verification = try await hub.client.get(path).json(Verification.self)
        #expect(verification.valid && verification.learnerName == "Žofia Lovelace")
        #expect(verification.courseTitle == "Sums & differences")
        let page = try await hub.client.send(.get, path, fields: ["accept": "text/html"])
        #expect(page.fields["content-type"]?.hasPrefix("text/html") == true)
        for part in ["Žofia Lovelace", "Sums &amp; differences", certificate.code] {
            #expect(page.text.contains(part), "\(part)")
        }
        #expect(try await hub.stop() == [0])
    }

    @Test func `every step of a flow carries the correlation id of the request that began it`() async throws {
        let buying = "req_buying", quiz = "req_quiz", reading = "req_reading"
        let hub = try await Self.hub(), learner = try await Self.learner(on: hub, buying: buying)
        try await learner.passQuiz(correlationID: quiz)
        try await learner.read(correlationID: reading)
        _ = try await learner.certificate()
        try await eventually("the last mail is there") {
            try await hub.client.mailbox(Self.email).contains { $0.subject.hasPrefix("You have completed") }
        }

        let flows: [(id: String, request: String, events: Set<String>, services: Set<String>)] = [
            (
                buying, "POST /enrollments", ["payment.initiated", "payment.completed", "enrollment.created"],
                ["payment", "enrollment", "content", "notification", "gamification", "review"]
            ),
            (
                quiz, "POST /quizzes/submit", ["quiz.submitted", "assignment.graded", "points.awarded"],
                ["assessment", "enrollment", "notification", "gamification"]
            ),
            (
                reading, "PUT /progress", ["progress.updated", "enrollment.completed", "badge.earned"],
                ["enrollment", "certificate", "notification", "gamification", "review"]
            ),
        ]
        for flow in flows {
            let trace = try await hub.command(["trace", flow.id, "--json"])
            let steps = try trace.output.split(separator: "\n").map {
                try JSONDecoder().decode(Step.self, from: Data($0.utf8))
            }
            #expect(steps.first.map { [$0.kind, $0.name] } == ["http", flow.request])
            #expect(steps.allSatisfy { $0.correlationId == flow.id })
            #expect(steps.contains { $0.kind == "mail" }, "\(trace.output)")
            #expect(flow.events.isSubset(of: steps.filter { $0.kind == "event" }.map(\.name)), "\(trace.output)")
            #expect(flow.services.isSubset(of: steps.map(\.service)), "\(trace.output)")
        }
        try await expectNoOtherJourney(
            hub, of: flows.reduce(into: [:]) { topics, flow in for event in flow.events { topics[event] = flow.id } })
        #expect(try await hub.stop() == [0])
    }

    /// Of the events that only one flow leads to, none is in another journey.
    private func expectNoOtherJourney(_ hub: HubUnderTest, of topics: [String: String]) async throws {
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let rows = try await database.query(
            """
            select distinct t.name, r.correlation_id from event_log.record r
            join event_log.partition using (partition_id) join event_log.topic t using (topic_id)
            where t.name not in ('points.awarded', 'badge.earned', 'progress.updated')
            """)
        for row in rows {
            let (topic, id) = try row.decode(String.self, String?.self)
            if let expected = topics[topic] { #expect(id == expected, "\(topic)") }
        }
        await database.close()
    }
}
