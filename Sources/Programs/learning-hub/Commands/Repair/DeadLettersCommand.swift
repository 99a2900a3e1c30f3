internal import Avro
internal import Contracts
internal import EventLoop
internal import Messaging
internal import Platform
internal import SchemaRegistry
internal import Secrets

/// `dlq`: events a group could not handle.
enum DeadLettersCommand {
    static let command = Command(
        "dlq", "List, redrive or discard the events that a group could not handle.",
        members: [list, show, redrive, discard])

    private static let group = Option("group", "GROUP", "Only dead letters of this group.")
    private static let ids = Argument("ID", .any, "Ids of dead letters from `dlq list`, such as notification/0/17.")

    private static let list = Command(
        "list", "List the open dead letters, oldest failure first.", options: [group, .data, .json],
        examples: ["dlq list", "dlq list --group notification --json"]
    ) { arguments, console in
        let (letters, hasMore) = try await OpenHub.with(arguments) { hub in
            try await hub.deadLetters.page(of: try consumerGroup(arguments))
        }
        if arguments.has(.json) {
            for letter in letters { console.json(.object(letter.members)) }
        } else if letters.isEmpty {
            console.line("there are no open dead letters")
        } else {
            console.table(
                ["id", "event", "from", "class", "attempts", "failed last", "error"],
                letters.map { letter in
                    [
                        "\(letter.id)", letter.eventID ?? "-", "\(letter.origin)", letter.failureClass.rawValue,
                        "\(letter.attempts)", letter.lastFailedAt.shown, letter.error,
                    ]
                })
        }
        if hasMore { console.complaint("only the oldest \(letters.count) are shown; there are more") }
    }

    private static let show = Command(
        "show", "Show the state, error, headers and value of a dead letter.",
        arguments: [Argument("ID", "The id of a dead letter from `dlq list`.")], options: [.data, .json],
        examples: ["dlq show notification/0/17"]
    ) { arguments, console in
        let id = try deadLetterID(arguments.positional[0], arguments)
        try await OpenHub.with(arguments) { hub in
            guard let letter = try await hub.deadLetters.show(id) else {
                throw unknown(id)
            }
            let value = try? await letter.record.decoded(by: hub.codec)
            guard case .object(let record) = letter.record.json(value: value ?? .null) else { return }
            let more = record.filter { ["headers", "value", "valueBase64"].contains($0.name) }
            let state = try await hub.deadLetters.resolution(of: id)?.rawValue ?? "open"
            let object = JSONTree.object(letter.members + [.init("state", .string(state))] + more)
            console.line(arguments.has(.json) ? object.compactText() : object.prettyText())
        }
    }

    private static func unknown(_ id: DeadLetter.ID) -> CommandFailure {
        CommandFailure("there is no dead letter \(id). `\(Program.name) dlq list` lists them.")
    }

    private static let wait = Option(
        "wait", "SECONDS", default: "30", "How long to wait for the outcome; 0: do not wait.")

    private static let redrive = Command(
        "redrive", "Send dead letters again to the group that failed, and show the outcome.",
        arguments: [ids], options: [group, wait, .data, .json],
        examples: ["dlq redrive notification/0/17", "dlq redrive --group notification"],
        notes: """
            Repair the cause first. With --group and no ID, the command sends all dead letters of the group, oldest failure first. \
            Ends with exit code 1 when one of them fails again or is not handled in time.
            """
    ) { arguments, console in
        let seconds = try arguments.number(wait, in: 0...3_600) ?? 0
        let batch = batchID()
        let (report, fates, hasMore) = try await OpenHub.with(arguments) { hub in
            let (ids, hasMore) = try await named(arguments, hub)
            let report = try await hub.deadLetters.redrive(ids, batchID: batch)
            let fates = try await hub.fates(of: seconds > 0 ? report.sent : [], within: .seconds(seconds))
            return (report, fates, hasMore)
        }
        let view = RedriveView(report: report, fates: fates)
        tell(report, view.members, arguments, console, done: "sent again")
        if !arguments.has(.json) { for line in view.lines { console.line(line) } }
        try finish(report, console, hasMore: hasMore)
        if let failure = view.failure { throw failure }
    }

    private static let yes = Option("yes", "Discard without asking.")

    private static let discard = Command(
        "discard",
        "Remove dead letters from the list permanently. Their records remain in the log for the retention time.",
        arguments: [ids], options: [group, yes, .data, .json],
        examples: ["dlq discard notification/0/17 --yes", "dlq discard --group notification --yes"],
        notes: """
            Without --yes the command asks for confirmation on a terminal; otherwise it only shows what it would do, and ends with \
            exit code 1.
            """
    ) { arguments, console in
        let batch = batchID()
        let (report, hasMore) = try await OpenHub.with(arguments) { hub in
            let (ids, hasMore) = try await named(arguments, hub)
            for id in arguments.positional.isEmpty ? [] : ids {
                guard try await hub.deadLetters.show(id) != nil else { throw unknown(id) }
            }
            let letters = ids.count == 1 ? "1 dead letter" : "\(ids.count) dead letters"
            guard ids.isEmpty || arguments.has(yes) || console.agrees(to: "Discard \(letters) permanently?") else {
                throw CommandFailure(
                    "nothing was changed: \(letters) would be discarded permanently. Add --yes to discard them.")
            }
            return (try await hub.deadLetters.discard(ids, batchID: batch), hasMore)
        }
        tell(report, [], arguments, console, done: "discarded")
        try finish(report, console, hasMore: hasMore)
    }

    private static func batchID() -> String { "batch_\(SecureRandom.token(byteCount: 9))" }

    /// The dead letters that the arguments name, and whether the group has more of them.
    private static func named(
        _ arguments: Arguments, _ hub: HubStore
    ) async throws -> (ids: [DeadLetter.ID], hasMore: Bool) {
        // An id is a position in the log.
        try await hub.checkLog()
        let ids = try arguments.positional.map { try deadLetterID($0, arguments) }
        let group = try consumerGroup(arguments)
        if ids.isEmpty, group == nil {
            throw arguments.misuse("name dead letters, or a --group to select all of its dead letters")
        }
        if !ids.isEmpty, group != nil { throw arguments.misuse("name either dead letters or a --group, not both") }
        if !ids.isEmpty { return (ids, false) }
        let (letters, hasMore) = try await hub.deadLetters.page(of: group)
        return (letters.map(\.id), hasMore)
    }

    private static func tell(
        _ report: DeadLetters.Report, _ more: [JSONTree.Member], _ arguments: Arguments, _ console: Console,
        done: String
    ) {
        if arguments.has(.json) {
            console.json(
                .object(
                    [
                        .init("batchId", .string(report.batchID)), .init("done", list(report.done)),
                        .init("skipped", list(report.skipped)), .init("failed", list(report.failed)),
                    ] + more))
        } else {
            console.line("\(report.done.count) \(done), batch \(report.batchID)")
            for id in report.skipped { console.line("\(id) is unknown, or was already redriven or discarded") }
            for id in report.failed { console.line("\(id) was not sent: the log did not accept it") }
        }
    }

    private static func finish(_ report: DeadLetters.Report, _ console: Console, hasMore: Bool) throws {
        if hasMore { console.complaint("there are more dead letters; run the command again") }
        if !report.failed.isEmpty || (!report.skipped.isEmpty && report.done.isEmpty) {
            throw CommandFailure("not all dead letters were processed")
        }
    }

    fileprivate static func list(_ ids: [DeadLetter.ID]) -> JSONTree { .array(ids.map { .string("\($0)") }) }

    private static func consumerGroup(_ arguments: Arguments) throws -> ConsumerGroup? {
        try arguments.text(group).map { try GroupsCommand.hubGroup($0) }
    }

    private static func deadLetterID(_ text: String, _ arguments: Arguments) throws -> DeadLetter.ID {
        guard let id = DeadLetter.ID(text) else {
            throw arguments.misuse("`\(text)` is not the id of a dead letter; an id looks like notification/0/17")
        }
        _ = try GroupsCommand.hubGroup(id.group.rawValue)
        return id
    }
}

extension HubStore {
    var deadLetters: DeadLetters { DeadLetters(log: log, database: database) { OpenHub.now } }
}

/// The outcomes of redriven dead letters.
private struct RedriveView {
    let report: DeadLetters.Report
    /// Empty without waiting.
    let fates: [DeadLetter.ID: DeadLetters.Fate]

    private func ids(_ isMeant: (DeadLetters.Fate) -> Bool) -> [DeadLetter.ID] {
        report.done.filter { fates[$0].map(isMeant) ?? false }
    }
    private var handled: [DeadLetter.ID] { ids { $0 == .handled } }
    private var waiting: [DeadLetter.ID] { ids { $0 == .waiting } }
    private var again: [DeadLetter.ID] { ids { $0 != .handled && $0 != .waiting } }

    var members: [JSONTree.Member] {
        if fates.isEmpty { return [] }
        return [("handled", handled), ("failedAgain", again), ("waiting", waiting)].map {
            .init($0.0, DeadLettersCommand.list($0.1))
        }
    }

    var lines: [String] {
        if fates.isEmpty { return [] }
        let failures = again.compactMap { id -> String? in
            guard case .failedAgain(let next, let error)? = fates[id] else { return nil }
            return "\(id) failed again, as \(next): \(error)"
        }
        return ["\(handled.count) handled"] + failures + waiting.map { "\($0) is not handled yet" }
    }

    var failure: CommandFailure? {
        if !again.isEmpty { return CommandFailure("\(again.count) failed again; repair the cause first") }
        if let first = waiting.first {
            return CommandFailure(
                "the \(first.group.service) service has not handled all of them in time. Check that it runs.")
        }
        return nil
    }
}

extension HubStore {
    /// Polls the outcomes of redriven dead letters until all are known or the time has passed.
    fileprivate func fates(
        of sent: [Redriven], within limit: Duration
    ) async throws -> [DeadLetter.ID: DeadLetters.Fate] {
        let end = ContinuousClock.now + limit
        var fates: [DeadLetter.ID: DeadLetters.Fate] = [:]
        while true {
            for one in sent where fates[one.id] ?? .waiting == .waiting {
                fates[one.id] = try await deadLetters.fate(of: one)
            }
            if !fates.values.contains(.waiting) || ContinuousClock.now >= end { return fates }
            try await loops.next().sleep(for: .milliseconds(200))
        }
    }
}

extension DeadLetters {
    /// The oldest of a group, or of all, and whether there are more.
    func page(
        of group: ConsumerGroup? = nil, countMax: Int = DeadLetters.listedCountMax
    ) async throws -> (letters: [DeadLetter], hasMore: Bool) {
        let letters = try await list(group: group, countMax: countMax + 1)
        return (Array(letters.prefix(countMax)), letters.count > countMax)
    }
}

extension DeadLetter {
    /// The fixed JSON members.
    fileprivate var members: [JSONTree.Member] {
        [
            .init("id", .string("\(id)")), .init("group", .string(id.group.rawValue)),
            .init("topic", .string(origin.partition.topic)), .init("partition", .number(origin.partition.partition)),
            .init("offset", .number(origin.offset)), .init("eventId", .text(eventID)),
            .init("errorClass", .string(failureClass.rawValue)), .init("error", .string(error)),
            .init("attempts", .number(attempts)), .init("firstFailedAt", .time(firstFailedAt)),
            .init("lastFailedAt", .time(lastFailedAt)), .init("eventType", .text(eventType)),
            .init("key", .text(keyText)),
            .init("correlationId", .text(correlationID)), .init("redriveCount", .number(redriveCount)),
            .init("redriveBatch", .text(redriveBatch)),
        ]
    }
}
