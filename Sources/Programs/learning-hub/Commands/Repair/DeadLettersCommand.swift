internal import Avro
internal import Contracts
internal import Messaging
internal import Platform
internal import SchemaRegistry
internal import Secrets

/// `dlq`: events a group could not handle.
enum DeadLettersCommand {
    static let command = Command(
        "dlq", "Events a group could not handle: see them, send them to that group again, or discard them.",
        members: [list, show, redrive, discard])

    private static let group = Option("group", "GROUP", "Only dead letters of this group.")
    private static let ids = Argument("ID", .any, "Dead letters, as `dlq list` names them: notification/0/17.")

    private static let list = Command(
        "list", "List the dead letters nobody has dealt with, oldest failure first.", options: [group, .data, .json],
        examples: ["dlq list", "dlq list --group notification --json"]
    ) { arguments, console in
        let (letters, hasMore) = try await OpenHub.with(arguments) { hub in
            try await hub.deadLetters.page(of: try await hub.known(consumerGroup(arguments)))
        }
        if arguments.has(.json) {
            for letter in letters { console.json(.object(letter.members)) }
        } else if letters.isEmpty {
            console.line("there are no dead letters")
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
        if hasMore { console.complaint("these are the oldest \(letters.count); there are more") }
    }

    private static let show = Command(
        "show", "Show one dead letter: why it failed, its headers and its value.",
        arguments: [Argument("ID", "A dead letter, as `dlq list` names it.")], options: [.data, .json],
        examples: ["dlq show notification/0/17"]
    ) { arguments, console in
        let id = try deadLetterID(arguments.positional[0], arguments)
        try await OpenHub.with(arguments) { hub in
            guard let letter = try await hub.deadLetters.show(id) else {
                throw CommandFailure("there is no dead letter \(id). `\(Program.name) dlq list` lists them.")
            }
            let value = try? await letter.record.decoded(by: hub.codec)
            guard case .object(let record) = letter.record.json(value: value ?? .null) else { return }
            let more = record.filter { ["headers", "value", "valueBase64"].contains($0.name) }
            let object = JSONTree.object(letter.members + more)
            console.line(arguments.has(.json) ? object.compactText() : object.prettyText())
        }
    }

    private static let redrive = Command(
        "redrive", "Send dead letters to the group that failed, and to no other.", arguments: [ids],
        options: [group, .data, .json],
        examples: ["dlq redrive notification/0/17", "dlq redrive --group notification"],
        notes: "Repair the cause first. With --group and no ID, all of that group's are sent, oldest failure first."
    ) { arguments, console in
        try await act(arguments, console, done: "sent again") { try await $0.redrive($1, batchID: $2) }
    }

    private static let discard = Command(
        "discard", "Take dead letters off the list for good. Their records stay until retention removes them.",
        arguments: [ids], options: [group, .data, .json],
        examples: ["dlq discard notification/0/17", "dlq discard --group notification"]
    ) { arguments, console in
        try await act(arguments, console, done: "discarded") { try await $0.discard($1, batchID: $2) }
    }

    private static func act(
        _ arguments: Arguments, _ console: Console, done: String,
        _ action: @Sendable (DeadLetters, [DeadLetter.ID], String) async throws -> DeadLetters.Report
    ) async throws {
        var ids: [DeadLetter.ID] = []
        for text in arguments.positional { ids.append(try deadLetterID(text, arguments)) }
        let group = consumerGroup(arguments)
        if ids.isEmpty, group == nil { throw arguments.misuse("name dead letters, or a --group for all of its") }
        if !ids.isEmpty, group != nil { throw arguments.misuse("name dead letters or a --group, not both") }
        let batch = "batch_\(SecureRandom.token(byteCount: 9))"
        let named = ids
        let (report, hasMore) = try await OpenHub.with(arguments) { hub in
            guard named.isEmpty else { return (try await action(hub.deadLetters, named, batch), false) }
            let (letters, hasMore) = try await hub.deadLetters.page(of: try await hub.known(group))
            return (try await action(hub.deadLetters, letters.map(\.id), batch), hasMore)
        }
        if arguments.has(.json) {
            console.json(
                .object([
                    .init("batchId", .string(report.batchID)), .init("done", list(report.done)),
                    .init("skipped", list(report.skipped)), .init("failed", list(report.failed)),
                ]))
        } else {
            console.line("\(report.done.count) \(done), batch \(report.batchID)")
            for id in report.skipped { console.line("\(id) is unknown or dealt with already") }
            for id in report.failed { console.line("\(id) stays: the log did not take it") }
        }
        if hasMore { console.complaint("there are more: run this again") }
        if !report.failed.isEmpty || (!report.skipped.isEmpty && report.done.isEmpty) {
            throw CommandFailure("not all was done")
        }
    }

    private static func list(_ ids: [DeadLetter.ID]) -> JSONTree { .array(ids.map { .string("\($0)") }) }

    private static func consumerGroup(_ arguments: Arguments) -> ConsumerGroup? {
        arguments.text(group).map(ConsumerGroup.init(rawValue:))
    }

    private static func deadLetterID(_ text: String, _ arguments: Arguments) throws -> DeadLetter.ID {
        guard let id = DeadLetter.ID(text) else {
            throw arguments.misuse("`\(text)` is no dead letter's id; they look like notification/0/17")
        }
        return id
    }
}

extension HubStore {
    var deadLetters: DeadLetters { DeadLetters(log: log, database: database) { OpenHub.now } }

    /// - Throws: ``CommandFailure`` for a group that has no place for dead letters, and so does not exist.
    fileprivate func known(_ group: ConsumerGroup?) async throws -> ConsumerGroup? {
        guard let group else { return nil }
        let topic = TopicCatalogue.deadLetter(for: group).name
        if try await log.topics().contains(where: { $0.settings.name == topic }) { return group }
        throw CommandFailure("there is no group \(group). `\(Program.name) groups list` lists them.")
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
    /// The fixed shape, with what else is known.
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
