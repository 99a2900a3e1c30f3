import Foundation
import HTTP
import HubTesting
import SystemTesting
import Testing

/// Flow 1: a person registers; the welcome mail arrives in a real mailbox and the points in the ledger, each exactly once.
@Suite(.serialized) struct RegistrationFlowTests {
    @Test(arguments: [false, true], HubLogKind.all)
    func `a registration reaches mailbox and ledger, in one process and in many, on each log`(
        inMany: Bool, _ log: HubLogKind
    ) async throws {
        let smtp = try await SMTPServer()
        let environment = try await log.environment().merging(["SMTP_URL": smtp.url]) { $1 }
        // The cluster outlives a hub, and contains records of others.
        let person = "\(UUID().uuidString.lowercased())@example.com"
        let hub =
            inMany
            ? try await .inManyProcesses(["gateway", "user", "auth", "notification", "gamification"], environment)
            : try await HubUnderTest.inOneProcess(environment)
        let correlationID = "req_\(UUID().uuidString)"
        let answer = try await hub.client.register(person, correlationID: correlationID)
        #expect(answer.status == 201)
        #expect(answer.fields["x-correlation-id"] == correlationID)
        let account = try answer.json(HubClient.Account.self)
        #expect(account.role == "STUDENT")

        try await eventually("the welcome mail is there") {
            try await smtp.mails(to: person).contains { $0.subject.contains("Welcome") }
        }
        let token = try await hub.client.logIn(person)
        try await eventually("the points are there") { try await hub.client.points(token) > 0 }

        let ledger = try await hub.client.get("/gamification/me/ledger", token: token)
            .json(HubClient.List<HubClient.LedgerRow>.self).items
        #expect(ledger.count { $0.rule == "sign-up" } == 1)
        let welcomes = try await smtp.mails(to: person).count { $0.subject.contains("Welcome") }
        #expect(welcomes == 1)

        let trace = try await hub.command(["trace", correlationID, "--json"])
        #expect(trace.code == 0, "\(trace.errors)")
        let steps = try trace.output.split(separator: "\n").map {
            try JSONDecoder().decode(Step.self, from: Data($0.utf8))
        }
        #expect(steps.allSatisfy { $0.correlationId == correlationID })
        #expect(Set(["http", "event", "effect", "mail"]).isSubset(of: Set(steps.map(\.kind))), "\(trace.output)")
        #expect(
            Set(["user", "notification", "gamification"]).isSubset(of: Set(steps.map(\.service))), "\(trace.output)")

        #expect(try await hub.stop().allSatisfy { $0 == 0 })
        await smtp.stop()
    }

    @Test func `a second registration of an address is refused and has no effect`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        #expect(try await hub.client.register("ada@example.com").status == 201)
        let second = try await hub.client.register("ADA@example.com")
        #expect(second.status == 409)
        #expect(try second.json(HubClient.Complaint.self).code == "email-taken")
        let token = try await hub.client.logIn("ada@example.com")
        try await eventually("the effects are there") {
            let points = try await hub.client.points(token)
            let mails = try await hub.client.mailbox("ada@example.com").count
            return points > 0 && mails > 0
        }
        #expect(try await hub.client.mailbox("ada@example.com").count { $0.subject.contains("Welcome") } == 1)
        #expect(try await hub.stop() == [0])
    }

    @Test func `no mail is lost or duplicated during an outage of the mail server`() async throws {
        let smtp = try await SMTPServer()
        let hub = try await HubUnderTest.inOneProcess(["SMTP_URL": smtp.url])
        try await smtp.goDown()
        let people = (0..<20).map { "person\($0)@example.com" }
        for person in people { #expect(try await hub.client.register(person).status == 201) }
        let token = try await hub.client.logIn(people[0])
        try await eventually("the points do not wait for the mail") { try await hub.client.points(token) > 0 }
        #expect(try await smtp.mailCount() == 0)
        try await smtp.goUp()
        try await eventually(within: .seconds(90), "every welcome mail is there") {
            try await Set(smtp.mails().filter { $0.subject.contains("Welcome") }.flatMap(\.envelopeTo)) == Set(people)
        }
        let mails = try await smtp.mails()
        #expect(Set(mails.map(\.messageID)).count == mails.count)
        #expect(try await hub.stop() == [0])
        await smtp.stop()
    }

    private struct Step: Decodable {
        let kind: String
        let service: String
        let correlationId: String
    }
}
