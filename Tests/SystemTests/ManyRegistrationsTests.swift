import Contracts
import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

@Suite(.serialized) struct ManyRegistrationsTests {
    private static let count = 1_000

    @Test func `a thousand registrations at once are a thousand accounts, events, mails and ledger rows`() async throws
    {
        let hub = try await HubUnderTest.inOneProcess()
        let statuses = try await registerAll(hub.client)
        #expect(statuses == [201: Self.count])
        try await expectExactlyOnce(hub)
        #expect(try await hub.stop() == [0])
    }

    @Test func `a hub that was killed continues after its restart`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let client = hub.client
        async let accepted = acceptedUntilTheEnd(client)
        let database = try await Probe(hub.databaseURL)
        try await eventually(within: .seconds(60), "some are on their way") {
            try await database.count(#"select count(*) from "user".account"#) > 50
        }
        let folder = try await hub.kill()
        let people = await accepted
        await database.close()

        let again = try await HubUnderTest.inOneProcess(on: folder)
        let probe = try await Probe(again.databaseURL)
        // Every 201 has an account, and every account has its effects once.
        for person in people {
            #expect(try await probe.count(#"select count(*) from "user".account where email = \#(person)"#) == 1)
        }
        let accounts = try await probe.count(#"select count(*) from "user".account"#)
        try await eventually(within: .seconds(90), "every account has mail and points") {
            let welcomes = try await probe.count(
                "select count(distinct recipient) from notification.mailbox where subject like 'Welcome%'")
            let rows = try await probe.count("select count(*) from gamification.points_award where rule = 'sign-up'")
            return welcomes == accounts && rows == accounts
        }
        #expect(
            try await probe.count("select count(*) from notification.mailbox where subject like 'Welcome%'") == accounts
        )
        await probe.close()
        #expect(try await again.stop() == [0])
    }

    private func registerAll(_ client: HubClient) async throws -> [Int: Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<Self.count {
                group.addTask {
                    // A hub that cannot hash that many passwords in time asks the caller to try again. Its hash threads have a low priority.
                    try await eventually(within: .seconds(300), "person \(index) is registered") {
                        let status = try await client.register("person\(index)@example.com").status
                        return status == 503 ? nil : status
                    }
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    /// - Returns: the addresses whose registration got a 201.
    private func acceptedUntilTheEnd(_ client: HubClient) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for index in 0..<Self.count {
                group.addTask {
                    let email = "person\(index)@example.com"
                    return (try? await client.register(email).status) == 201 ? email : nil
                }
            }
            return await group.reduce(into: []) { if let email = $1 { $0.append(email) } }
        }
    }

    private func expectExactlyOnce(_ hub: HubUnderTest) async throws {
        let probe = try await Probe(hub.databaseURL)
        try await eventually(within: .seconds(90), "every mail and every ledger row is there") {
            let mails = try await probe.count("select count(*) from notification.mailbox where subject like 'Welcome%'")
            let rows = try await probe.count("select count(*) from gamification.points_award where rule = 'sign-up'")
            return mails >= Self.count && rows >= Self.count
        }
        let topics = try await hub.command(["topics", "list", "--json"])
        #expect(topics.code == 0, "\(topics.errors)")
        let registered = try topics.output.split(separator: "\n").map {
            try JSONDecoder().decode(TopicRow.self, from: Data($0.utf8))
        }.first { $0.topic == "user.registered" }
        #expect(registered?.messages == Self.count)
        #expect(try await probe.count(#"select count(*) from "user".account"#) == Self.count)
        #expect(
            try await probe.count("select count(*) from notification.mailbox where subject like 'Welcome%'")
                == Self.count)
        #expect(try await probe.count("select count(distinct message_id) from notification.mailbox") >= Self.count)
        #expect(
            try await probe.count("select count(*) from gamification.points_award where rule = 'sign-up'") == Self.count
        )
        await probe.close()
    }

    private struct TopicRow: Decodable {
        let topic: String
        let messages: Int
    }
}

/// Looks into the tables from outside.
struct Probe: Sendable {
    private let database: Database

    init(_ url: String) async throws { database = Database(url: url, loops: TestLoops.shared) }

    func count(_ sql: SQL) async throws -> Int {
        try await database.query(sql).first?.decode(Int.self) ?? 0
    }

    func close() async { await database.close() }
}
