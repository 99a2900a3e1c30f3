import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

@Suite struct DeadLetterListTests {
    @Test func `commands limited to the oldest dead letters report that there are more`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["gamification"])
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        let letters = (0..<1_003).map { number in
            NewRecord(
                topic: TopicCatalogue.deadLetter(for: ConsumerGroup(.gamification)).name, key: "k\(number)",
                headers: [
                    RecordHeader(DeadLetterHeader.topic, UserRegistered.topic.name),
                    RecordHeader(DeadLetterHeader.partition, "0"), RecordHeader(DeadLetterHeader.offset, "\(number)"),
                ], value: [])
        }
        for outcome in await log.append(letters) {
            guard case .accepted = outcome else { throw NotAccepted() }
        }

        let listed = try await hub.command(["dlq", "list", "--json"])
        #expect(listed.output.split(separator: "\n").count == 1_000)
        #expect(listed.errors.contains("only the oldest 1000 are shown; there are more"), "\(listed.errors)")
        #expect(try await hub.command(["doctor"]).output.contains("more than 1000 dead letters wait"))
        let discarded = try await hub.command(["dlq", "discard", "--group", "gamification", "--yes"])
        #expect(discarded.code == 0 && discarded.output.hasPrefix("1000 discarded"), "\(discarded)")
        #expect(discarded.errors.contains("there are more dead letters; run the command again"), "\(discarded.errors)")
        let rest = try await hub.command(["dlq", "list", "--json"])
        #expect(rest.output.split(separator: "\n").count == 3)
        #expect(!rest.errors.contains("there are more"))

        await database.close()
        #expect(try await hub.stop() == [0])
    }

    private struct NotAccepted: Error {}
}
