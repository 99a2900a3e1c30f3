import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

/// A hub that changes its event log, from its database to Kafka.
@Suite(.serialized) struct AnotherLogTests {
    private static let services = ["gateway", "auth", "user", "gamification"]

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"))
    func `another log is refused until it is adopted, and is then read from its beginning`() async throws {
        let database = [
            "DATABASE_URL": try await TestDatabase.make().url, "HUB_IDENTITY_SECRET": "long enough a secret",
        ]
        let cluster = try await TestKafka.start(try #require(TestKafka.versions.last))
        let kafka = database.merging(["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers]) { $1 }
        let folder = try WorkFolder("another-log")
        func run(_ arguments: [String], _ environment: [String: String]) async throws -> (code: Int32, text: String) {
            let program = try Program(arguments, environment, log: folder.file(arguments.joined(separator: "-")))
            let code = try await program.exitCode()
            return (code, program.output + program.logText)
        }
        let before = try await HubUnderTest.inManyProcesses(Self.services, database)
        // Enough for every partition.
        for number in 1...12 { try await Self.earnPoints("ada\(number)@example.com", before) }
        let early = try await run(["topics", "apply", "--adopt-log"], kafka)
        #expect(early.code == 1 && early.text.contains("processes of the hub run"), "\(early)")
        #expect(try await before.stop().allSatisfy { $0 == 0 })

        for arguments in [["topics", "apply"], ["serve", "user"]] {
            let refused = try await run(arguments, kafka)
            #expect(refused.code == 1, "\(refused)")
            #expect(refused.text.contains("has used the database of the hub as its event log until now"), "\(refused)")
        }
        // As a hub of a program that did not record its log.
        let owner = Database(url: try #require(database["DATABASE_URL"]), loops: TestLoops.shared)
        try await owner.execute("delete from hub.log")
        await owner.close()
        let adopted = try await run(["topics", "apply", "--adopt-log"], kafka)
        #expect(adopted.code == 0, "\(adopted)")

        let after = try await HubUnderTest.inManyProcesses(Self.services, kafka)
        for email in ["grace@example.com", "mary@example.com"] { try await Self.earnPoints(email, after) }
        #expect(try await after.stop().allSatisfy { $0 == 0 })
        // Commands use the log of the last process, although none runs.
        let topic = try await run(["topics", "describe", "user.registered"], database)
        #expect(topic.code == 0 && topic.text.contains("2 messages now"), "\(topic)")
        try await cluster.stop()
        folder.finish()
    }

    private static func earnPoints(_ email: String, _ hub: HubUnderTest) async throws {
        #expect(try await hub.client.register(email).status == 201)
        let token = try await hub.client.logIn(email)
        try await eventually(within: .seconds(60), "the points of \(email) are there") {
            try await hub.client.points(token) > 0
        }
    }
}
