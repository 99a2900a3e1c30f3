import Foundation
import HubTesting
import SystemTesting
import Testing

/// The command `tasks`.
@Suite struct TasksCommandTests {
    @Test func `tasks are listed, and failed ones are retried on request`() async throws {
        let smtp = try await SMTPServer()
        try await smtp.answer(.refuse(code: 550, stage: .rcpt, times: 3))
        let hub = try await HubUnderTest.inOneProcess(["SMTP_URL": smtp.url])
        for name in ["ada", "ben", "eve"] {
            #expect(try await hub.client.register("\(name)@example.com").status == 201)
        }
        try await eventually("the tasks have failed") { try await failed(hub).count == 3 }
        let tasks = try await failed(hub)
        let doctor = try await hub.command(["doctor"]).output
        #expect(
            doctor.contains("tasks have failed: ") && doctor.contains("`learning-hub tasks list --state failed`"),
            "\(doctor)")
        let task = try #require(tasks.first)
        #expect(task.service == "notification" && task.kind == "deliver-mail" && task.attempts == 1, "\(task)")
        #expect(
            task.error == "MailRefused: RCPT TO answered 550" && task.dueAt == nil && task.endedAt != nil, "\(task)")
        #expect(try await failed(hub, ["--limit", "2"]).count == 2)
        #expect(try await failed(hub, ["--service", "payment"]).isEmpty)
        let jobs = try await hub.command(["tasks", "list", "--service", "course", "--jobs"])
        for job in [
            "forget tasks", "forget handled events", "forget refused events", "forget idempotency keys",
            "forget old records",
        ] {
            #expect(jobs.output.contains("job \(job) "), "\(jobs)")
        }
        let tasksAlone = try await hub.command(["tasks", "list"]).output
        #expect(tasksAlone.contains("deliver-mail") && !tasksAlone.contains("job "), "\(tasksAlone)")

        let retried = try await hub.command(["tasks", "retry", "notification", task.kind, task.key])
        #expect(retried.code == 0 && retried.output.hasPrefix("1 task waits for a retry"), "\(retried)")
        try await eventually("the mail is there") { try await smtp.mailCount() == 1 }
        try await eventually("the task is known to be done") {
            let again = try await hub.command(["tasks", "retry", "notification", task.kind, task.key])
            return again.code == 1 && again.errors.contains("is already done")
        }
        let asked = try await hub.command(["tasks", "retry", "notification", "--all-failed"])
        #expect(asked.code == 1 && asked.errors.contains("2 tasks have failed and would be retried"), "\(asked)")
        let all = try await hub.command(["tasks", "retry", "notification", "--all-failed", "--yes", "--json"])
        #expect(all.code == 0 && all.output == "{\"done\":2}\n", "\(all)")
        try await eventually("all mails are there") {
            try await Set(smtp.mails().map(\.toAddress)).count == 3
        }
        for (arguments, message) in [
            (["retry"], "SERVICE is missing"), (["retry", "notification"], "name a task by KIND and KEY"),
            (["retry", "notification", "deliver-mail"], "name a task by KIND and KEY"),
            (["retry", "post-office", "a", "b"], "there is no service `post-office`"),
            (["list", "--state", "lost"], "`lost` is not a state of a task"),
        ] {
            let run = try await hub.command(["tasks"] + arguments)
            #expect(run.code == 2 && run.errors.contains(message), "\(run)")
        }
        let unknown = try await hub.command(["tasks", "retry", "notification", "deliver-mail", "evt_1"])
        #expect(unknown.code == 1 && unknown.errors.contains("there is no task deliver-mail evt_1"), "\(unknown)")
        #expect(try await hub.stop() == [0])
        await smtp.stop()
    }

    private func failed(_ hub: HubUnderTest, _ more: [String] = []) async throws -> [ListedTask] {
        let run = try await hub.command(["tasks", "list", "--state", "failed", "--json"] + more)
        return try run.output.split(separator: "\n").map {
            try JSONDecoder().decode(ListedTask.self, from: Data($0.utf8))
        }
    }

    private struct ListedTask: Decodable {
        let service, kind, key: String
        let attempts: Int
        let error, dueAt, endedAt: String?
    }
}
