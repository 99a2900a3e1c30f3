import Contracts
import EventLoop
import Foundation
import HubTesting
import Kafka
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

/// The outcomes that `dlq redrive` reports.
@Suite(.serialized) struct RedriveTests {
    private func log(_ kind: HubLogKind, _ database: Database) async throws -> any EventLog {
        let logger = Logger(label: "test", sink: LogRecorder())
        guard let servers = try await kind.environment()["KAFKA_BOOTSTRAP_SERVERS"] else {
            return PostgresLog(database: database, loops: TestLoops.shared, logger: logger)
        }
        return try KafkaLog(KafkaConfiguration(bootstrapServers: servers), loops: TestLoops.shared, logger: logger)
    }

    /// A dead letter of gamification, with the value of an event that was handled, or with none.
    private func bury(_ record: LogRecord?, on log: any EventLog) async throws -> String {
        let topic = TopicCatalogue.deadLetter(for: ConsumerGroup(.gamification)).name
        let place = [
            RecordHeader(DeadLetterHeader.topic, UserRegistered.topic.name),
            RecordHeader(DeadLetterHeader.partition, "0"),
            RecordHeader(DeadLetterHeader.offset, "\(Int.random(in: 1_000...9_999_999))"),
        ]
        let letter = NewRecord(
            topic: topic, key: Array(UUID().uuidString.utf8), headers: (record?.headers ?? []) + place,
            value: record?.value ?? [])
        guard case .accepted(let position?)? = await log.append([letter]).first else { throw NotAccepted() }
        return "gamification/\(position.partition.partition)/\(position.offset)"
    }

    @Test(arguments: HubLogKind.all)
    func `redrive waits until the group has handled the event, failed again, or does not run`(kind: HubLogKind)
        async throws
    {
        let hub = try await HubUnderTest.inManyProcesses(
            ["gateway", "user", "gamification"], try await kind.environment())
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = try await log(kind, database)
        let correlationID = "req_\(UUID().uuidString)"
        #expect(
            try await hub.client.register("\(UUID().uuidString)@example.com", correlationID: correlationID).status
                == 201)
        let record = try await eventually(within: .seconds(60), "the event is in the log") { () -> LogRecord? in
            var found: LogRecord?
            try await log.forEachBatch(of: try await log.watermarks(of: UserRegistered.topic.name)) { batch in
                found = batch.records.first { $0.headers[HeaderName.correlationID] == correlationID } ?? found
            }
            return found
        }
        let good = try await bury(record, on: log), bad = try await bury(nil, on: log)
        let open = try await hub.command(["dlq", "show", good, "--json"])
        #expect(open.output.contains("\"state\":\"open\""), "\(open)")
        let handled = try await hub.command(["dlq", "redrive", good])
        #expect(
            handled.code == 0 && handled.output.contains("1 sent again") && handled.output.contains("1 handled"),
            "\(handled)")
        let redriven = try await hub.command(["dlq", "show", good, "--json"])
        #expect(redriven.output.contains("\"state\":\"redriven\""), "\(redriven)")
        let failed = try await hub.command(["dlq", "redrive", bad])
        #expect(failed.code == 1 && failed.output.contains("\(bad) failed again, as gamification/"), "\(failed)")
        #expect(failed.errors.contains("1 failed again; repair the cause first"), "\(failed)")

        try hub.program(of: "gamification").interrupt()
        _ = try await hub.program(of: "gamification").exitCode()
        let late = try await bury(record, on: log)
        let waiting = try await hub.command(["dlq", "redrive", late, "--wait", "1", "--json"])
        #expect(waiting.code == 1 && waiting.output.contains("\"waiting\":[\"\(late)\"]"), "\(waiting)")
        #expect(waiting.errors.contains("the gamification service has not handled all of them"), "\(waiting)")
        await log.close()
        await database.close()
        #expect(try await hub.stop() == [0, 0, 0])
    }

    private struct NotAccepted: Error {}
}
