internal import Avro
internal import Contracts
internal import Messaging
internal import Platform

/// `topics`: the log's topics.
enum TopicsCommand {
    static let command = Command(
        "topics", "Show and configure the topics of the event log, and show their messages.",
        members: [list, plan, apply, describe, TailCommand.command])

    private static let all = Option("all", "Include dead-letter and redrive topics.")

    private static let list = Command(
        "list", "List the topics of the catalogue with their number of messages.", options: [all, .data, .json],
        examples: ["topics list", "topics list --all --json"]
    ) { arguments, console in
        let known = Dictionary(uniqueKeysWithValues: TopicCatalogue.all.enumerated().map { ($1.name, $0) })
        let names = TopicSettings.namesOfCatalogue.filter { arguments.has(all) || known[$0] != nil }
        let shown = try await OpenHub.with(arguments) { try await $0.log.topics(names) }
            .sorted {
                (known[$0.settings.name] ?? .max, $0.settings.name) < (
                    known[$1.settings.name] ?? .max, $1.settings.name
                )
            }
        if arguments.has(.json) {
            for topic in shown { console.json(json(topic)) }
        } else {
            console.table(
                ["topic", "partitions", "days", "messages", "producer", "consumers"],
                shown.map { topic in
                    let declared = TopicCatalogue.topic(named: topic.settings.name)
                    return [
                        topic.settings.name, "\(topic.settings.partitionCount)", "\(topic.settings.retentionDays)",
                        "\(topic.messageCount)", declared?.producer.rawValue ?? "",
                        declared?.consumers.map(\.rawValue).joined(separator: " ") ?? "",
                    ]
                })
        }
    }

    private static func json(_ topic: TopicSummary) -> JSONTree {
        let declared = TopicCatalogue.topic(named: topic.settings.name)
        let services = Set(declared?.consumers.map(\.service.rawValue) ?? []).sorted()
        return .object([
            .init("topic", .string(topic.settings.name)), .init("partitions", .number(topic.settings.partitionCount)),
            .init("replication", .number(topic.settings.replicationCount)),
            .init("retentionDays", .number(topic.settings.retentionDays)),
            .init("producer", .text(declared?.producer.rawValue)),
            .init("consumers", .array(services.map(JSONTree.string))),
            .init("messages", .number(topic.messageCount)),
            .init("groups", .array(declared?.consumers.map { .string($0.rawValue) } ?? [])),
        ])
    }

    private static let plan = Command(
        "plan", "Show what `topics apply` would change, field by field. Nothing is changed.", options: [.data, .json],
        examples: ["topics plan"], notes: "Ends with exit code 1 when something differs."
    ) { arguments, console in
        let changes = try await OpenHub.with(arguments) { try await $0.log.plan(TopicSettings.catalogue) }
        for change in changes {
            if arguments.has(.json) { console.json(json(change)) } else { console.line("\(change)") }
        }
        if !changes.isEmpty {
            let count = changes.count == 1 ? "1 difference" : "\(changes.count) differences"
            let forced = changes.count { $0.hazard != nil }
            let rest = forced == 0 ? "" : ", \(forced) of them only with --force"
            throw CommandFailure("\(count); `\(Program.name) topics apply` resolves them\(rest)")
        }
        if !arguments.has(.json) { console.line("all topics match the catalogue") }
    }

    private static let force = Option(
        "force",
        "Also make changes that delete records, or that move keys to other partitions before a group has read them.")

    private static let apply = Command(
        "apply",
        "Create the log, the schema registry and the topics where they are missing, and update their settings.",
        options: [force, .adoptLog, .data, .json], examples: ["topics apply"],
        notes: """
            `topics plan` shows the changes. The command deletes no topic and reduces no partition count. `up` does the same at
            start; `serve` only checks. Ends with exit code 1 when a change needs --force, or when the log cannot make it.
            """
    ) { arguments, console in
        let parts = try await HubParts.open(try HubLocation.settingsForParts(arguments, creates: true))
        let outcome: (done: [TopicChange], left: [TopicChange])
        do {
            try await parts.store.claimLog(adopts: arguments.has(.adoptLog))
            outcome = try await parts.store.applyTopics(forced: arguments.has(force))
        } catch {
            await parts.close()
            throw error
        }
        await parts.close()
        for change in outcome.done {
            if arguments.has(.json) { console.json(json(change)) } else { console.line("done: \(change)") }
        }
        if outcome.left.isEmpty {
            if !arguments.has(.json) {
                console.line("\(TopicSettings.catalogue.count) topics match the catalogue")
            }
            return
        }
        for change in outcome.left { console.complaint("not done: \(change)") }
        let count = outcome.left.count == 1 ? "1 change was" : "\(outcome.left.count) changes were"
        let canForce = outcome.left.contains { $0.hazard != .impossible } && !arguments.has(force)
        throw CommandFailure("\(count) not made\(canForce ? "; see --force" : "")")
    }

    private static func json(_ change: TopicChange) -> JSONTree {
        .object([
            .init("topic", .string(change.topic)), .init("change", .string("\(change)")),
            .init("needsForce", .bool(change.hazard != nil && change.hazard != .impossible)),
            .init("possible", .bool(change.hazard != .impossible)),
        ])
    }

    private static let describe = Command(
        "describe", "Show a topic: its settings, producer, consumers and partitions.",
        arguments: [Argument("TOPIC", "A topic's name.")], options: [.data, .json],
        examples: ["topics describe user.registered"]
    ) { arguments, console in
        let name = try hubTopic(arguments.positional[0])
        try await OpenHub.with(arguments) { hub in
            guard let topic = try await hub.log.topics([name]).first else { throw EventLogError.unknownTopic(name) }
            let marks = try await hub.log.watermarks(of: name).sorted { $0.key < $1.key }
            if arguments.has(.json) {
                guard case .object(var members) = json(topic) else { return }
                members.append(
                    .init(
                        "partitionOffsets",
                        .array(
                            marks.map { partition, range in
                                .object([
                                    .init("partition", .number(partition.partition)),
                                    .init("first", .number(range.lowerBound)), .init("end", .number(range.upperBound)),
                                ])
                            })))
                console.json(.object(members))
                return
            }
            let declared = TopicCatalogue.topic(named: name)
            console.line(
                "\(name): kept for \(topic.settings.retentionDays) days, \(topic.messageCount) \(topic.messageCount == 1 ? "message" : "messages") now"
            )
            console.line("written by \(declared?.producer.rawValue ?? "consumers")")
            let readers = declared?.consumers.map(\.rawValue) ?? []
            console.line("read by \(readers.isEmpty ? "no group" : readers.joined(separator: ", "))\n")
            console.table(
                ["partition", "first offset", "end offset"],
                marks.map { ["\($0.key.partition)", "\($0.value.lowerBound)", "\($0.value.upperBound)"] })
        }
    }

    /// - Throws: ``CommandFailure`` for a topic that is not the hub's: a Kafka cluster may have topics of other programs.
    static func hubTopic(_ name: String) throws -> String {
        if TopicSettings.namesOfCatalogue.contains(name) { return name }
        let suggestion = Suggestion.text(for: name, among: TopicSettings.namesOfCatalogue)
        throw CommandFailure(
            "the hub has no topic \(name)\(suggestion.isEmpty ? "." : suggestion) `\(Program.name) topics list --all` lists them."
        )
    }
}

extension TopicSettings {
    /// Whole days.
    var retentionDays: Int64 { retention.components.seconds / 86_400 }
}
