internal import Avro
internal import Contracts
internal import Platform
internal import Postgres

/// `tasks`: durable work of services.
enum TasksCommand {
    static let command = Command(
        "tasks", "List the tasks and jobs of the services, and retry failed tasks.",
        members: [list, retry])

    private static let service = Option("service", "NAME", "Only tasks of this service.")
    private static let state = Option("state", "STATE", "Only tasks in this state: waiting, running, done or failed.")
    private static let jobs = Option("jobs", "Also the jobs, which run periodically.")
    private static let limit = Option("limit", "N", default: "100", "The maximum number of tasks.")
    private static let allFailed = Option("all-failed", "All failed tasks of the service.")
    private static let yes = Option(
        "yes",
        "With --all-failed: make the change. Without it, --all-failed only shows how many would be retried. Named tasks need no --yes."
    )

    private static let list = Command(
        "list", "List tasks, newest first.", options: [service, state, jobs, limit, .data, .json],
        examples: ["tasks list --state failed", "tasks list --service payment --jobs --limit 20 --json"]
    ) { arguments, console in
        let wanted = try arguments.text(state).map { try taskState($0, arguments) }
        let countMax = try arguments.number(limit, in: 1...10_000) ?? 100
        let names = try arguments.text(service).map { [try known($0, arguments)] } ?? HubServices.all.map { $0.name }
        let found = try await OpenHub.with(arguments) { hub in
            var found: [TaskView] = []
            for name in names {
                let records = try await hub.tasks(of: name) {
                    try await $0.list(wanted, withJobs: arguments.has(jobs), countMax: countMax + 1)
                }
                found += (records ?? []).map { TaskView(service: name, record: $0) }
            }
            return found.sorted { $0.record.createdAt > $1.record.createdAt }
        }
        let page = found.prefix(countMax)
        if arguments.has(.json) {
            for task in page { console.json(task.json) }
        } else if page.isEmpty {
            console.line("there are no such tasks")
        } else {
            console.table(["service", "kind", "key", "state", "attempts", "due", "last error"], page.map(\.row))
        }
        if found.count > countMax { console.complaint("only the newest \(countMax) are shown; there are more") }
    }

    private static let retry = Command(
        "retry", "Retry failed tasks. Their count of attempts starts at zero.",
        arguments: [
            Argument("SERVICE", "The service of the task."), Argument("KIND", .optional, "As `tasks list` shows it."),
            Argument("KEY", .optional, "As `tasks list` shows it."),
        ],
        options: [allFailed, yes, .data, .json],
        examples: [
            "tasks retry certificate draw-certificate enr_01m84jzyhyesasb01ed59g6feh",
            "tasks retry payment --all-failed", "tasks retry payment --all-failed --yes",
        ],
        notes: """
            Repair the cause first. A process of the service runs the task within seconds. Ends with exit code 1 after --all-failed \
            without --yes, if tasks have failed.
            """
    ) { arguments, console in
        let name = try known(arguments.positional[0], arguments)
        let (kind, key) = (arguments.positional(1), arguments.positional(2))
        if (kind == nil) != arguments.has(allFailed) || (kind == nil) != (key == nil) {
            throw arguments.misuse("name a task by KIND and KEY, or use --all-failed")
        }
        let count = try await OpenHub.with(arguments) { hub in
            try await hub.tasks(of: name) { tasks in
                if let kind, let key { return try await restart(kind, key, in: tasks) }
                guard arguments.has(yes) else {
                    let count = try await tasks.failedCount()
                    if count == 0 { return 0 }
                    let failed = count == 1 ? "1 task has" : "\(count) tasks have"
                    throw CommandFailure("\(failed) failed and would be retried. Add --yes to retry.")
                }
                return try await tasks.restartAll()
            }
        }
        guard let count else {
            throw CommandFailure("the \(name) service has no tasks, or has never run with this database")
        }
        if arguments.has(.json) { return console.json(.object([.init("done", .number(count))])) }
        console.line("\(count) \(count == 1 ? "task waits" : "tasks wait") for a retry")
    }

    private static func restart(_ kind: String, _ key: String, in tasks: TaskRecords) async throws -> Int {
        let name = "\(kind) \(key)"
        switch try await tasks.restart(kind: kind, key: key) {
        case .failed: return 1
        case nil:
            throw CommandFailure("there is no task \(name). `\(Program.name) tasks list` shows kinds and keys.")
        case .waiting, .running: throw CommandFailure("\(name) is already waiting or running")
        case .done: throw CommandFailure("\(name) is already done")
        }
    }

    private static func taskState(_ text: String, _ arguments: Arguments) throws -> TaskRecords.State {
        if let state = TaskRecords.State(rawValue: text) { return state }
        let names = TaskRecords.State.allCases.map(\.rawValue).joined(separator: ", ")
        throw arguments.misuse("`\(text)` is not a state of a task; the states are \(names)")
    }

    private static func known(_ text: String, _ arguments: Arguments) throws -> ServiceName {
        guard let type = HubServices.named(text) else {
            throw arguments.misuse(HubServices.unknown(text))
        }
        return type.name
    }
}

/// A task as it is listed.
private struct TaskView {
    let service: ServiceName
    let record: TaskRecords.Record

    var row: [String] {
        [
            service.rawValue, record.kind, record.key.isEmpty ? "-" : record.key, record.state.rawValue,
            "\(record.attempts)", record.dueAt?.shown ?? "-", record.error ?? "-",
        ]
    }

    var json: JSONTree {
        .object([
            .init("service", .string(service.rawValue)), .init("kind", .string(record.kind)),
            .init("key", .string(record.key)), .init("state", .string(record.state.rawValue)),
            .init("attempts", .number(record.attempts)), .init("dueAt", .time(record.dueAt)),
            .init("error", .text(record.error)), .init("correlationId", .string(record.correlationID)),
            .init("createdAt", .time(record.createdAt)), .init("endedAt", .time(record.endedAt)),
        ])
    }
}

extension HubStore {
    /// Calls `body` with the tasks of a service; nil when it has no task table.
    func tasks<Result: Sendable>(
        of service: ServiceName, _ body: (TaskRecords) async throws -> Result
    ) async throws -> Result? {
        let own = database(of: service)
        do {
            var result: Result?
            if try await TaskRecords.areKept(in: own) {
                result = try await body(TaskRecords(database: own) { OpenHub.now })
            }
            await own.close()
            return result
        } catch {
            await own.close()
            throw error
        }
    }
}
