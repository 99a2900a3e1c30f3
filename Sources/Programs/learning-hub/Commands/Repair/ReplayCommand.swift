internal import Avro
internal import Contracts
internal import Messaging
internal import Platform
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `replay`: reads a range of the log again, for one group.
struct ReplayCommand {
    private static let topic = Option(
        "topic", "TOPIC", "Only this topic. If this option is not given: all topics the group has handlers for.")
    private static let fromOffset = Option(
        "from-offset", "P@N,…",
        "Begin at offsets: PARTITION@OFFSET, such as 0@120,2@77, or one offset for all partitions. Requires --topic.")
    private static let fromTime = Option("from-time", "TIME", "Begin at a time, such as 2026-01-31T12:00:00Z.")
    private static let fromBeginning = Option("from-beginning", "Begin with the oldest event in the log.")
    private static let untilTime = Option(
        "until-time", "TIME", "End before the events that were appended at or after this time.")
    private static let id = Option(
        "id", "ID", "Continue an earlier replay, without the events it has already handled.")
    private static let sendEvents = Option(
        "send-events", "Also send the events that handlers publish during the replay.")

    static let command = Command(
        "replay", "Read a range of events again and call the handlers of one group, to repair the data of its service.",
        arguments: [Argument("GROUP", "The consumer group, in most cases the name of a service.")],
        options: [topic, fromOffset, fromTime, fromBeginning, untilTime, id, sendEvents, .data, .json],
        examples: [
            "replay gamification --topic user.registered --from-time 2026-01-31T00:00:00Z",
            "replay gamification --topic user.registered --from-offset 0@120,1@98",
        ],
        notes: """
            The position of the group does not change. Handlers with effects outside the hub (mail, payments) are not
            called, and the events that handlers publish are not sent unless --send-events is given.
            """
    ) { arguments, console in
        try await ReplayCommand(arguments: arguments, console: console).run()
    }

    let arguments: Arguments
    let console: Console

    func run() async throws {
        let group = try GroupsCommand.hubGroup(arguments.positional[0])
        guard let type = HubServices.named(group.service.rawValue) else {
            throw arguments.misuse("there is no group `\(group)` in this program")
        }
        let until = try arguments.text(Self.untilTime).map { try time($0) }
        let replayID = arguments.text(Self.id) ?? "r\(SecureRandom.token(byteCount: 6))"
        let parts = try await HubParts.open(try await HubLocation.settingsForParts(arguments))
        do {
            try await parts.store.checkLog()
            try await run(type, group, parts, until: until, replayID: replayID)
        } catch {
            await parts.close()
            throw error
        }
        await parts.close()
    }

    private func run<Service: HubService>(
        _ type: Service.Type, _ group: ConsumerGroup, _ parts: HubParts, until: Date?, replayID: String
    ) async throws {
        let wired = try await parts.wire(type)
        do {
            guard let worker = wired.service.groups.first(where: { $0.group == group }) else {
                throw arguments.misuse("the \(type.name) service has no group `\(group)`")
            }
            let replay = Replay(
                group: group, handlers: worker.handlers, database: wired.context.database, log: parts.log,
                codec: parts.codec, loops: parts.loops, logger: wired.context.logger)
            let topics = try topics(worker.handlers)
            let start = try await start(parts.log, topics)
            if !arguments.isGiven(Self.id) {
                console.complaint(
                    "this is replay \(replayID). If it is interrupted, continue it with --id \(replayID).")
            }
            var total = Counts()
            // Topic by topic, to report progress.
            for topic in topics {
                let report = try await replay.run(
                    from: start, until: until, topics: [topic], replayID: replayID,
                    sendsEvents: arguments.has(Self.sendEvents))
                let counts = Counts(read: report.read, handled: report.handled, failed: report.failureCount)
                tell(topic.name, replayID, counts, report.failures)
                total.add(counts)
            }
            tell(nil, replayID, total, [:])
            if total.failed > 0 {
                throw CommandFailure(
                    "\(total.failed == 1 ? "1 event" : "\(total.failed) events") failed. Repair the cause, and continue with --id \(replayID)."
                )
            }
        } catch {
            await wired.close()
            throw error
        }
        await wired.close()
    }

    private struct Counts {
        var read = 0
        var handled = 0
        var failed = 0

        mutating func add(_ other: Counts) {
            read += other.read
            handled += other.handled
            failed += other.failed
        }
    }

    /// - Parameter topic: nil for the sum.
    private func tell(_ topic: String?, _ replayID: String, _ counts: Counts, _ failures: [LogPosition: String]) {
        let failures = failures.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        if arguments.has(.json) {
            console.json(
                .object([
                    .init("topic", .text(topic)), .init("replayId", .string(replayID)),
                    .init("read", .number(counts.read)),
                    .init("handled", .number(counts.handled)), .init("failed", .number(counts.failed)),
                    .init("failures", .array(failures.map(JSONTree.string))),
                ]))
            return
        }
        let sum = "\(counts.read) read, \(counts.handled) handled, \(counts.failed) failed"
        console.line(topic.map { "\($0): \(sum)" } ?? "together: \(sum), replay \(replayID)")
        for failure in failures { console.line("  \(failure)") }
    }

    private func topics(_ handlers: [Handler]) throws -> [Topic] {
        let all = Set(handlers.filter(\.runsInReplay).map(\.topic)).sorted { $0.name < $1.name }
        if all.isEmpty {
            throw CommandFailure("no handler of this group runs in a replay: all have effects outside the hub")
        }
        guard let name = arguments.text(Self.topic) else { return all }
        guard let topic = all.first(where: { $0.name == name }) else {
            throw arguments.misuse("no handler of this group handles `\(name)` in a replay")
        }
        return [topic]
    }

    private func start(_ log: any EventLog, _ topics: [Topic]) async throws -> Replay.Start {
        let given = [Self.fromOffset, Self.fromTime].filter { arguments.isGiven($0) }.count
        guard given + (arguments.has(Self.fromBeginning) ? 1 : 0) == 1 else {
            throw arguments.misuse("use exactly one of --from-offset, --from-time and --from-beginning")
        }
        if let text = arguments.text(Self.fromTime) {
            let start = try time(text)
            if let until = try arguments.text(Self.untilTime).map({ try time($0) }), until <= start {
                throw arguments.misuse("--until-time is not after --from-time")
            }
            return .time(start)
        }
        guard let text = arguments.text(Self.fromOffset) else { return .beginning }
        guard arguments.isGiven(Self.topic), let topic = topics.first else {
            throw arguments.misuse("--from-offset requires --topic")
        }
        let marks = try await log.watermarks(of: topic.name)
        var offsets: [TopicPartition: Int64] = [:]
        if let offset = Int64(text), offset >= 0 {
            guard marks.values.contains(where: { offset <= $0.upperBound }) else {
                throw CommandFailure("\(topic.name) ends before offset \(offset) in every partition")
            }
            return .offsets(marks.mapValues { min(offset, $0.upperBound) })
        }
        for part in text.split(separator: ",") {
            let numbers = part.split(separator: "@")
            guard numbers.count == 2, let partition = Int(numbers[0]), let offset = Int64(numbers[1]), offset >= 0
            else {
                throw arguments.misuse("`\(part)` is not a partition and an offset, such as 0@120")
            }
            guard let kept = marks[TopicPartition(topic.name, partition)] else {
                throw CommandFailure(
                    "\(topic.name) has no partition \(partition); its partitions are 0 to \(marks.count - 1)")
            }
            guard offset <= kept.upperBound else {
                throw CommandFailure(
                    "\(topic.name)/\(partition) ends before offset \(offset): the next is \(kept.upperBound)")
            }
            guard offsets.updateValue(offset, forKey: TopicPartition(topic.name, partition)) == nil else {
                throw arguments.misuse("partition \(partition) is named twice")
            }
        }
        return .offsets(offsets)
    }

    private func time(_ text: String) throws -> Date {
        if let time = Date(iso8601: text) { return time }
        throw arguments.misuse("`\(text)` is not a time such as 2026-01-31T12:00:00Z")
    }
}
