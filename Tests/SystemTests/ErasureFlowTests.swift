import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// A person who has performed every action deletes their account. After every service has completed the erasure, their
/// names and their address are looked for everywhere.
@Suite struct ErasureFlowTests {
    private static let email = "zyxmira.quorvath@erased.example"
    private static let words = ["zyxmira", "quorvath"]
    private static let root = "root@example.org"
    /// Data that remain for the retention time: events with personal data, and free text.
    private static let topicsKept: Set<String> = [
        "user.registered", "user.updated", "notification.email", "media.uploaded", "assignment.graded",
    ]

    @Test(arguments: ObjectPlace.allCases)
    func `after the deletion of an account no table and no file contains the person's data`(
        objects: ObjectPlace
    ) async throws {
        let hub = try await HubUnderTest.inOneProcess(
            [
                "HUB_ADMIN_EMAIL": Self.root, "HUB_ADMIN_PASSWORD": HubClient.password, "HUB_LOG_LEVEL": "debug",
            ].merging(try await objects.settings()) { $1 })
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let traces = TracesOfAPerson(hub: hub, database: database, objects: objects, words: Self.words)
        let person = try await Life.live(
            hub, email: Self.email, names: ("Zyxmira", "Quorvath"), authorToken: try await hub.client.logIn(Self.root))

        // The search works: before the erasure it finds names or texts in each of these places.
        #expect(
            try await traces.tables().isSuperset(of: [
                "user.account", "notification.recipient", "notification.mailbox", "certificate.certificate",
                "assessment.submission", "media.medium", "content.medium",
            ]))
        #expect(try await traces.topics().isSuperset(of: Self.topicsKept))
        #expect(try await traces.files().contains { $0.hasPrefix("certificates") })
        #expect(try await Life.reviews(of: person.course, hub.client).map(\.authorId) == [person.id])

        let erased = try await hub.client.send(.delete, "/users/me", token: person.token)
        #expect(erased.status == 202)
        try await eventually(within: .seconds(60), "every service has forgotten them") {
            try await !database.query(
                #"select from "user".journal where name = 'erasureConfirmedByEveryService'"#
            ).isEmpty
        }
        #expect(try await traces.tables() == [])
        #expect(try await traces.files() == [])
        #expect(try await traces.topics() == Self.topicsKept)
        #expect(!traces.contains(hub.logText))

        let code = try await hub.client.get("/certificates/verify/\(person.code)")
        #expect(code.status == 410 && !traces.contains(code.text))
        // What they said of a course stays, and says of nobody that it is theirs.
        let reviews = try await Life.reviews(of: person.course, hub.client)
        #expect(reviews.map(\.authorId) == [nil] && reviews.map(\.text) == [Life.opinion])
        let plans = try await database.query("select from payment.subscription where status <> 'ENDED'")
        #expect(plans.isEmpty)
        await database.close()
        #expect(try await hub.stop() == [0])
    }
}

/// The actions of a person before the deletion of the account.
private struct Life {
    static let opinion = "Clear and short."

    let id, token, code: String
    /// What they learnt.
    let course: String

    /// Registers, completes a course with its certificate, writes texts, teaches, and has a plan.
    static func live(
        _ hub: HubUnderTest, email: String, names: (String, String), authorToken: String
    ) async throws -> Life {
        let client = hub.client
        let account = try await client.register(email, firstName: "Someone", lastName: names.1)
            .json(HubClient.Account.self)
        let role = try await client.send(
            .put, "/users/\(account.id)/role", token: authorToken, json: ["role": "INSTRUCTOR"])
        try #require(role.status == 200)
        let token = try await client.logIn(email)
        let renamed = try await client.send(.patch, "/users/me", token: token, json: ["firstName": names.0])
        try #require(renamed.status == 200)
        let course = try await client.publishCourse("A course of others", token: authorToken)
        let learner = try await TestLearner.enrol(client, course, token: token)
        try await handIn("By \(names.0)", graded: "Well done, \(names.0)!", client, course, token, authorToken)
        try await learner.passQuiz()
        try await learner.read()
        let certificate = try await learner.certificate()
        let opinion = Opinion(rating: 5, text: Self.opinion)
        _ = try await client.make("/courses/\(course.id)/reviews", opinion, token: token)
        try await correct(certificate, to: "\(names.0) Q. \(names.1)", client, token)
        try await teach("\(names.0)-\(names.1).png", client, token)
        let plan = try await client.send(
            .post, "/subscriptions", token: token,
            json: ["plan": "PRO", "interval": "MONTH", "paymentMethod": "pm_card_visa"])
        try #require(plan.status == 202, "\(plan.text)")
        try await eventually("they were told") {
            let notices = try await client.get("/notifications", token: token)
            return try notices.json(HubClient.List<HubClient.Made>.self).items.count >= 4
        }
        return Life(id: account.id, token: token, code: certificate.code, course: course.id)
    }

    struct Review: Decodable {
        let text: String
        let authorId: String?
    }

    static func reviews(of course: String, _ client: HubClient) async throws -> [Review] {
        try await client.get("/courses/\(course)/reviews").json(HubClient.List<Review>.self).items
    }

    private struct Opinion: Encodable {
        let rating: Int
        let text: String
    }
    private struct Assignment: Encodable {
        let title = "An essay"
        let maxScore = 10
    }
    private struct Grade: Encodable {
        let score = 9
        let feedback: String
    }

    private static func handIn(
        _ text: String, graded feedback: String, _ client: HubClient, _ course: TestCourse, _ token: String,
        _ authorToken: String
    ) async throws {
        let work = try await client.make("/courses/\(course.id)/assignments", Assignment(), token: authorToken)
        let handedIn = try await client.make("/assignments/\(work)/submissions", ["text": text], token: token)
        let graded = try await client.send(
            .put, "/submissions/\(handedIn)/grade", token: authorToken, json: Grade(feedback: feedback))
        try #require(graded.status == 200, "\(graded.text)")
    }

    /// The certificate has another name then, and another file.
    private static func correct(
        _ certificate: HubClient.Certificate, to name: String, _ client: HubClient, _ token: String
    ) async throws {
        let corrected = try await client.send(
            .put, "/certificates/\(certificate.id)/name", token: token, json: ["name": name])
        try #require(corrected.status == 200, "\(corrected.text)")
        try await eventually(within: .seconds(30), "it is drawn anew") {
            try await client.get("/certificates/\(certificate.id)/pdf", token: token).status == 200
        }
    }

    /// Their own course with a picture, and a picture without a course.
    private static func teach(_ fileName: String, _ client: HubClient, _ token: String) async throws {
        let own = try await client.publishCourse("A course of theirs", price: "0", token: token)
        for course in [own.id, nil] {
            let picture = try await client.upload(
                HubClient.png, "image/png", named: fileName, course: course, token: token)
            try await eventually(within: .seconds(30), "the picture is ready") {
                let medium = try await client.get("/media/\(picture)", token: token)
                return try medium.json(HubClient.Medium.self).status == "READY"
            }
        }
    }
}
