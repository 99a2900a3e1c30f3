import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

@Suite struct DoctorTests {
    @Test func `doctor reports a group without progress, also with a dead letter`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["gateway", "user"])
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        let sound = try await hub.command(["doctor"], ["HUB_FFMPEG_FOLDER": "/nowhere"])
        #expect(sound.code == 0 && sound.output.contains("ffmpeg and ffprobe cannot be run from /nowhere"), "\(sound)")

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

        let shown = try await hub.command(["groups", "reset", "gamification", "--to", "end"])
        #expect(shown.code == 1 && shown.output.contains("user.registered/0 to offset "), "\(shown.errors)")
        #expect(try await log.positions(of: ["gamification"]).contains { $0.lag == 1 })
        let nonsense = try await hub.command(["groups", "reset", "gamification", "--to", "noon"])
        #expect(
            nonsense.code == 2 && nonsense.errors.contains("`noon` is not valid; expected `beginning`, `end` or a time")
        )

        try await database.execute("update event_log.record set time = time - interval '61 seconds'")
        let late = try await hub.command(["doctor"])
        #expect(late.code == 1)
        #expect(late.output.contains("gamification has a lag of 1 in user.registered"), "\(late.output)")
        #expect(late.output.contains("1 dead letter waits"), "\(late.output)")

        await database.close()
        #expect(try await hub.stop() == [0, 0])
    }

    @Test func `a group can be reset only while its service is stopped`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        #expect(try await hub.client.register("ada@example.com").status == 201)
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        try await eventually("the group has read it") {
            try await log.positions(of: ["gamification"]).contains { $0.committed == 1 }
        }
        let reset = ["groups", "reset", "gamification", "--topic", "user.registered", "--to", "beginning", "--yes"]
        let inUse = try await hub.command(reset)
        #expect(inUse.code == 1 && inUse.errors.contains("stop the service first"), "\(inUse.errors)")
        await database.close()
        #expect(try await hub.stop() == [0])
    }

    @Test func `a failed mail is counted, listed without its address, and sent again on request`()
        async throws
    {
        let smtp = try await SMTPServer()
        try await smtp.answer(.refuse(code: 550, stage: .rcpt, times: 1))
        let hub = try await HubUnderTest.inOneProcess(["SMTP_URL": smtp.url])
        #expect(try await hub.command(["mail", "resend", "--all-failed", "--yes"]).output.hasPrefix("0 mails"))
        #expect(try await hub.client.register("nobody@example.com").status == 201)
        try await eventually("the mail has failed") {
            let examined = try await hub.command(["doctor"]).output
            return examined.contains("1 mail failed") && examined.contains("mail list --state failed")
        }
        let listed = try await hub.command(["mail", "list", "--state", "failed", "--json"])
        let mail = try JSONDecoder().decode(ListedMail.self, from: Data(listed.output.utf8))
        #expect(mail.to == "n…@example.com" && mail.reason == "RCPT TO answered 550", "\(listed)")
        let whole = try await hub.command(["mail", "list", "--show-addresses"])
        #expect(whole.output.contains("nobody@example.com"), "\(whole)")
        let asked = try await hub.command(["mail", "resend", "--all-failed"])
        #expect(asked.code == 1 && asked.errors.contains("1 mail has failed and would be sent again"), "\(asked)")
        let resent = try await hub.command(["mail", "resend", mail.id])
        #expect(resent.code == 0 && resent.output.hasPrefix("1 mail waits to be sent again"), "\(resent)")
        try await eventually("the mail is there") { try await smtp.mails().map(\.toAddress) == ["nobody@example.com"] }
        try await eventually("the mail is known to be there") {
            let again = try await hub.command(["mail", "resend", mail.id])
            return again.code == 1 && again.output.contains("\(mail.id) was already sent")
        }
        #expect(try await smtp.mails().map(\.messageID) == ["<\(mail.id)@learning-hub.example>"])
        for (arguments, message) in [
            (["resend"], "name mails, or use --all-failed"), (["resend", "17"], "`17` is not the id of a mail"),
            (["list", "--state", "lost"], "`lost` is not a state of a mail"),
        ] {
            let run = try await hub.command(["mail"] + arguments)
            #expect(run.code == 2 && run.errors.contains(message), "\(run)")
        }
        #expect(try await hub.stop() == [0])
        await smtp.stop()
    }

    private struct ListedMail: Decodable {
        let id, to, reason: String
    }

    private struct NotAccepted: Error {}
}
