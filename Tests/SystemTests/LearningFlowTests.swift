import EventLoop
import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// Flows 2 to 4, as `demo` plays them through the gateway: a learner pays for a course, reads it and completes it. Afterwards each end is
/// looked at where it is.
@Suite(.serialized) struct LearningFlowTests {
    private struct Played: Decodable {
        let step: String
        let arrived: Bool
        let detail: String
    }

    private struct Step: Decodable {
        let kind, service, name, correlationId: String
    }

    static let services = [
        "gateway", "user", "auth", "course", "enrollment", "payment", "media", "notification", "content", "assessment",
        "review", "certificate", "gamification", "sandbox",
    ]

    private static let runs: [(inMany: Bool, log: HubLogKind)] =
        [(false, .postgres)] + HubLogKind.all.map { (true, $0) }

    @Test(arguments: runs)
    func `each action of a learner has its effects in all services once`(inMany: Bool, log: HubLogKind) async throws {
        let smtp = try await SMTPServer()
        let environment = try await log.environment().merging(["SMTP_URL": smtp.url]) { $1 }
        let hub =
            inMany
            ? try await HubUnderTest.inManyProcesses(Self.services, environment)
            : try await HubUnderTest.inOneProcess(environment)
        let demo = try await hub.command(["demo", "--url", hub.address, "--keep", "--json"])
        let played = try demo.output.split(separator: "\n").map {
            try JSONDecoder().decode(Played.self, from: Data($0.utf8))
        }
        try #require(demo.code == 0, "\(demo.output)\(demo.errors)")
        #expect(played.allSatisfy(\.arrived) && played.count > 15)
        #expect(played.last?.detail.contains(" with the password ") == true, "\(demo.output)")

        // The author is welcomed too.
        let expected = [
            "Welcome to Learning Hub": 2, "Receipt: 49.99 USD": 1, "You are enrolled": 1, "Your quiz was graded": 1,
            "You have completed": 1,
        ]
        try await eventually("the mails are there") {
            let mails = try await smtp.mails()
            return expected.allSatisfy { subject, count in mails.count { $0.subject.hasPrefix(subject) } >= count }
        }
        for (subject, count) in expected {
            let found = try await smtp.mails().count { $0.subject.hasPrefix(subject) }
            #expect(found == count, "\(subject)")
        }

        let payment = try #require(
            played.lazy.compactMap { $0.detail.split(separator: " ").first.map(String.init) }.first {
                $0.hasPrefix("pay_")
            })
        let trace = try await hub.command(["trace", payment, "--json"])
        let steps = try trace.output.split(separator: "\n").map {
            try JSONDecoder().decode(Step.self, from: Data($0.utf8))
        }
        #expect(Set(steps.map(\.correlationId)).count == 1, "\(trace.output)")
        #expect(Set(["http", "event", "effect", "mail"]).isSubset(of: Set(steps.map(\.kind))), "\(trace.output)")
        #expect(
            Set(["payment", "enrollment", "content", "notification", "gamification", "review"])
                .isSubset(of: Set(steps.map(\.service))), "\(trace.output)")
        #expect(steps.count { $0.name == "enrollment.created" } == 1)

        try await expectCounts(
            hub,
            [
                "select count(*) from sandbox.object where kind = 'payment_intent'": 1,
                "select count(*) from payment.payment where status = 'COMPLETED' and enrolled_at is not null": 1,
                "select count(*) from enrollment.enrollment where state = 'COMPLETED'": 1,
                "select count(*) from certificate.certificate": 1,
                """
                select count(*) from gamification.learner l where points <>
                    (select coalesce(sum(points), 0) from gamification.points_award a where a.user_id = l.user_id)
                """: 0,
            ])
        #expect(try await hub.stop().allSatisfy { $0 == 0 })
        await smtp.stop()
    }

    @Test(arguments: [false, true])
    func `the demo deletes its data, and accepts a mail server that refuses its addresses`(
        inMany: Bool
    ) async throws {
        let smtp = try await SMTPServer()
        try await smtp.answer(.refuse(code: 550, stage: .rcpt))
        let environment = ["SMTP_URL": smtp.url]
        let hub =
            inMany
            ? try await HubUnderTest.inManyProcesses(Self.services, environment)
            : try await HubUnderTest.inOneProcess(environment)
        // The gateway in a process of its own records its port.
        let demo = try await hub.command(["demo"] + (inMany ? [] : ["--url", hub.address]))
        #expect(demo.code == 0 && demo.output.contains("the mail server refused it: RCPT TO answered 550"), "\(demo)")
        try await expectCounts(
            hub,
            [
                "select count(*) from \"user\".account where email is not null": 0,
                "select count(*) from \"user\".account": 2,
            ])
        try await eventually("the course is archived") {
            try await hub.client.get("/courses").text.contains("A demo course") == false
        }
        let folder = try WorkFolder("elsewhere")
        let elsewhere = try Program(["demo", "--url", hub.address], [:], log: folder.file("log"))
        #expect(try await elsewhere.exitCode() == 1)
        #expect(elsewhere.output.isEmpty && elsewhere.logText.contains("no hub runs on"), "\(elsewhere.output)")
        folder.finish()
        let another = try await TestDatabase.make()
        #expect(try await hub.command(["topics", "apply"], ["DATABASE_URL": another.url]).code == 0)
        let astray = try await hub.command(["demo", "--url", hub.address], ["DATABASE_URL": another.url])
        #expect(astray.code == 1 && astray.errors.contains("uses another database than this command"), "\(astray)")
        let tables = try await another.database.query("select count(to_regclass('\"user\".account'))").first
        let tableCount: Int? = try tables?.decode(Int.self)
        #expect(tableCount == 0)
        try await another.drop()
        #expect(try await hub.stop().allSatisfy { $0 == 0 })
        await smtp.stop()
    }

    private func expectCounts(_ hub: HubUnderTest, _ counts: [String: Int]) async throws {
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        for (statement, count) in counts {
            let found = try await database.query(SQL(raw: statement)).first?.decode(Int.self)
            #expect(found == count, "\(statement)")
        }
        await database.close()
    }

    @Test func `a demo that is interrupted removes what it has made`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let folder = try WorkFolder("demo")
        let demo = try Program(
            ["demo", "--url", hub.address],
            ["DATABASE_URL": hub.databaseURL, "HUB_IDENTITY_SECRET": "a secret that all processes share"],
            log: folder.file("demo.log"))
        try await eventually("it has made both accounts") { demo.output.contains("an author account is created") }
        demo.interrupt()
        #expect(try await demo.exitCode() == 1)
        #expect(demo.logText.contains("the demo was interrupted"), "\(demo.logText)")
        #expect(demo.output.contains("the data of the demo is deleted"), "\(demo.output)")
        try await expectCounts(
            hub,
            [
                "select count(*) from \"user\".account where email is not null": 0,
                "select count(*) from \"user\".account": 2,
            ])
        folder.finish()
        #expect(try await hub.stop() == [0])
    }
}
