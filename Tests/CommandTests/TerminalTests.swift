import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

/// The behaviour of commands on a terminal.
@Suite struct TerminalTests {
    private struct Order: Encodable {
        let columns: Int
        let environment: [String: String]
        let folder: String
        let arguments: [String]
        let answers: [String]
    }

    private func type(
        _ answers: [String], to arguments: [String], _ environment: [String: String] = [:], columns: Int = 80
    ) async throws -> (code: Int32, output: String) {
        let folder = try WorkFolder("terminal")
        defer { folder.finish() }
        let order = Order(
            columns: columns, environment: environment, folder: folder.url.path,
            arguments: [try Program.executable().path] + arguments, answers: answers)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/terminal.py").path
        return try await TestPython.run(script, [String(decoding: try JSONEncoder().encode(order), as: UTF8.self)])
    }

    @Test func `the password prompt of admin create asks twice and shows nothing`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"])
        let create = ["admin", "create", "--email", "head@example.org"], environment = ["DATABASE_URL": hub.databaseURL]
        let password = "correct horse battery"
        let differ = try await type([password, "correct horse batteries"], to: create, environment)
        #expect(differ.code == 1 && differ.output.contains("the two passwords differ"), "\(differ.output)")
        let made = try await type([password, password], to: create, environment)
        #expect(made.code == 0 && made.output.contains("head@example.org is now an administrator"), "\(made.output)")
        // Before it asks for a password: here it could read none.
        let again = try await hub.command(create)
        #expect(again.errors.contains("an account with this e-mail address exists"), "\(again.errors)")
        let other = ["admin", "create", "--email", "other@example.org"]
        let short = try await type(["short"], to: other, environment)
        #expect(
            short.code == 1 && short.output.contains("password must have at least 12 characters")
                && !short.output.contains("Repeat"), "\(short.output)")
        let stopped = try await type(["\u{3}"], to: other, environment)
        #expect(stopped.code == 130 && !stopped.output.contains("[the echo is off]"), "\(stopped)")
        #expect(made.output.contains("Password of head@example.org: ") && made.output.contains("Repeat the password: "))
        #expect(!(differ.output + made.output).contains("correct horse"), "\(differ.output)\(made.output)")
        #expect(try await hub.stop() == [0])
    }

    @Test func `dead letters are discarded only after a confirmation`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["gamification"])
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        let letter = NewRecord(
            topic: TopicCatalogue.deadLetter(for: ConsumerGroup(.gamification)).name, key: "k",
            headers: [
                RecordHeader(DeadLetterHeader.topic, UserRegistered.topic.name),
                RecordHeader(DeadLetterHeader.partition, "0"), RecordHeader(DeadLetterHeader.offset, "7"),
            ], value: [])
        _ = await log.append([letter])
        let discard = ["dlq", "discard", "--group", "gamification"], environment = ["DATABASE_URL": hub.databaseURL]
        let alone = try await hub.command(discard)
        #expect(
            alone.code == 1 && alone.errors.contains("1 dead letter would be discarded permanently. Add --yes"),
            "\(alone)"
        )
        let no = try await type(["n"], to: discard, environment)
        #expect(no.code == 1 && no.output.contains("Discard 1 dead letter permanently? [y/N] "), "\(no.output)")
        #expect(try await hub.command(["dlq", "list", "--json"]).output.split(separator: "\n").count == 1)
        let yes = try await type(["y"], to: discard, environment)
        #expect(yes.code == 0 && yes.output.contains("1 discarded"), "\(yes.output)")
        #expect(try await hub.command(["dlq", "list", "--json"]).output.isEmpty)
        await database.close()
        #expect(try await hub.stop() == [0])
    }

    @Test(arguments: [60, 132]) func `the settings fit the terminal`(columns: Int) async throws {
        let run = try await type([], to: ["config"], ["HUB_LOOPS": "3"], columns: columns)
        let lines = run.output.split(separator: "\n")
        #expect(run.code == 0 && lines.contains("HUB_LOOPS = 3 (environment)"), "\(run.output)")
        let wide = lines.filter { $0.count > columns && $0.drop { $0 == " " }.contains(Character(" ")) }
        #expect(wide.isEmpty, "\(wide)")
        #expect(lines.contains { $0.count > columns - 12 })
    }
}
