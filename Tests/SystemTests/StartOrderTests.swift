import Contracts
import Foundation
import HubTesting
import Postgres
import SystemTesting
import Testing

@testable import Platform
@testable import learning_hub

@Suite struct StartOrderTests {
    @Test func `a service creates no topics, names missing ones, and an operator command creates them`() async throws {
        let folder = try WorkFolder("topics"), database = try await TestDatabase.make()
        let environment = [
            "DATABASE_URL": database.url, "HUB_IDENTITY_SECRET": "a secret that is long enough", "HUB_USER_PORT": "0",
        ]
        func run(_ arguments: [String]) async throws -> (code: Int32, output: String, log: String) {
            let program = try Program(arguments, environment, log: folder.file(arguments.joined(separator: "-")))
            let code = try await program.exitCode()
            return (code, program.output, program.logText)
        }
        // A group has a dead-letter topic and a redrive topic.
        let count = TopicCatalogue.all.count + 2 * TopicCatalogue.groups.count
        let early = try await run(["serve", "user"])
        #expect(early.code == 1)
        #expect(
            early.log.contains("lacks \(count) topics") && early.log.contains("learning-hub topics apply"),
            "\(early.log)")

        let plan = try await run(["topics", "plan"])
        #expect(plan.code == 1 && plan.output.contains("user.registered: create with 3 partitions, 7 d of retention"))
        let applied = try await run(["topics", "apply"])
        #expect(
            applied.code == 0 && applied.output.contains("\(count) topics match the catalogue"),
            "\(applied.output)")
        #expect(try await run(["topics", "plan"]).code == 0)

        let owner = Database(url: database.url, loops: TestLoops.shared)
        try await owner.execute(
            "update event_log.topic set retention_ms = 2 * retention_ms where name = 'user.deleted'")
        let drifted = try await run(["topics", "plan", "--json"])
        #expect(drifted.code == 1 && drifted.output.contains(#""needsForce":true"#), "\(drifted.output)")
        let refused = try await run(["topics", "apply"])
        #expect(refused.code == 1 && refused.log.contains("removes records that are kept now"), "\(refused.log)")
        #expect(try await run(["topics", "apply", "--force"]).code == 0)
        #expect(try await run(["topics", "plan"]).code == 0)
        await owner.close()
        folder.finish()
    }

    @Test func `a database that allows too few connections stops the start, and the message says how many it takes`()
        async throws
    {
        let folder = try WorkFolder("connections")
        let server = try await PrivatePostgres.start(
            .init(folder: folder.file("postgres").path, connectionsMax: 60, settings: ["fsync": "off"]))
        let program = try Program(
            ["up", "--data", folder.url.path, "--port", "0"], ["DATABASE_URL": server.url()], log: folder.file("up.log")
        )
        #expect(try await program.exitCode() == 1)
        let log = program.logText
        #expect(log.contains("allows 57 connections") && log.contains("Set its max_connections to "), "\(log)")
        await server.stop()
        folder.finish()
    }

    @Test func `the gateway opens when every service behind it is ready`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let order = hub.output.matches(of: /(\w+) +ready on port/).map { String($0.output.1) }
        #expect(order.sorted() == HubServices.all.map { $0.name.rawValue }.sorted() && order.last == "gateway")
        #expect(try await hub.stop() == [0])
    }
}
