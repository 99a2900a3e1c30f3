import Contracts
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

@Suite struct DoctorTests {
    @Test func `a group that stands still is wrong, and a dead letter does not hide it`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["gateway", "user"])
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        #expect(try await hub.command(["doctor"]).code == 0)

        #expect(try await hub.client.register("ada@example.com").status == 201)
        let topic = UserRegistered.topic.name
        let marks = try await eventually("the event is in the log") {
            let marks = try await log.watermarks(of: topic)
            return marks.values.contains { !$0.isEmpty } ? marks : nil
        }
        try await log.resetOffsets(of: "gamification", to: marks.mapValues(\.lowerBound))
        let letter = NewRecord(
            topic: TopicCatalogue.deadLetter(for: ConsumerGroup(.gamification)).name, key: "k",
            headers: [
                RecordHeader(DeadLetterHeader.topic, topic), RecordHeader(DeadLetterHeader.partition, "0"),
                RecordHeader(DeadLetterHeader.offset, "7"),
            ], value: [])
        guard case .accepted? = await log.append([letter]).first else { throw NotAccepted() }
        let soon = try await hub.command(["doctor"])
        #expect(soon.code == 0 && soon.output.contains("1 dead letter waits"), "\(soon.output)")

        try await database.execute("update event_log.record set time = time - interval '61 seconds'")
        let late = try await hub.command(["doctor"])
        #expect(late.code == 1)
        #expect(late.output.contains("gamification is behind by 1 in user.registered"), "\(late.output)")
        #expect(late.output.contains("1 dead letter waits"), "\(late.output)")

        await database.close()
        #expect(try await hub.stop() == [0, 0])
    }

    @Test func `mails that failed or wait are counted`() async throws {
        let smtp = try await SMTPServer()
        try await smtp.answer(.refuse(code: 550, stage: .rcpt, times: 1))
        let hub = try await HubUnderTest.inOneProcess(["SMTP_URL": smtp.url])
        #expect(try await hub.client.register("nobody@example.com").status == 201)
        try await eventually("the mail has failed") {
            try await hub.command(["doctor"]).output.contains("1 mail failed")
        }
        #expect(try await hub.stop() == [0])
        await smtp.stop()
    }

    private struct NotAccepted: Error {}
}
