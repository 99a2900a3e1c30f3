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
        for arguments in [
            ["groups", "reset", "gamification", "--to", "end", "--yes"],
            ["dlq", "discard", "--group", "notification", "--yes"],
            ["dlq", "redrive", "--group", "notification"], ["replay", "gamification", "--from-beginning"],
        ] {
            let refused = try await run(arguments, kafka)
            #expect(refused.code == 1, "\(refused)")
            #expect(refused.text.contains("has used the database of the hub as its event log until now"), "\(refused)")
        }
        try await Self.refusesLater(cluster, kafka, folder)
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
        #expect(topic.code == 0 && topic.text.contains("3 messages now"), "\(topic)")
        let back = try await run(["serve", "user"], database)
        #expect(back.code == 1 && back.text.contains("as before (\(cluster.bootstrapServers))"), "\(back)")
        try await cluster.stop()
        folder.finish()
    }

    /// A service that starts while no broker runs compares the logs when the brokers are back. Until then, and when it refuses the log,
    /// its events stay in the outbox.
    private static func refusesLater(
        _ cluster: TestKafka, _ environment: [String: String], _ folder: WorkFolder
    ) async throws {
        // Another hub has created the topics.
        let other = environment.merging(["DATABASE_URL": try await TestDatabase.make().url]) { $1 }
        let applied = try Program(["topics", "apply"], other, log: folder.file("other"))
        #expect(try await applied.exitCode() == 0, "\(applied.logText)")

        for broker in 1...3 { try await cluster.kill(broker) }
        let ports = try FreePort.some(2)
        let addresses = [
            "HUB_GATEWAY_PORT": "\(ports[0])", "HUB_USER_PORT": "\(ports[1])",
            "HUB_USER_URL": "http://127.0.0.1:\(ports[1])",
        ]
        let programs = try ["user", "gateway"].map {
            try Program(["serve", $0], environment.merging(addresses) { $1 }, log: folder.file("late-\($0)"))
        }
        let client = HubClient(address: "http://127.0.0.1:\(ports[0])")
        try await eventually(within: .seconds(180), "a registration without brokers") {
            (try? await client.register("alan@example.com").status) == 201
        }
        #expect(programs[0].logText.contains("the topics of the log could not be listed"))
        try await cluster.startAgain()
        try await eventually(within: .seconds(180), "the log is refused") {
            programs.allSatisfy {
                $0.logText.contains("has used the database of the hub as its event log until now")
            }
        }
        await client.close()
        for program in programs {
            program.interrupt()
            #expect(try await program.exitCode() == 0)
        }
        let topic = try Program(["topics", "describe", "user.registered"], other, log: folder.file("topic"))
        #expect(try await topic.exitCode() == 0 && topic.output.contains("0 messages now"), "\(topic.output)")
    }

    private static func earnPoints(_ email: String, _ hub: HubUnderTest) async throws {
        #expect(try await hub.client.register(email).status == 201)
        let token = try await hub.client.logIn(email)
        try await eventually(within: .seconds(60), "the points of \(email) are there") {
            try await hub.client.points(token) > 0
        }
    }
}
