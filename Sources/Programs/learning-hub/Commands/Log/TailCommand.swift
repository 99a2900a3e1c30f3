internal import Avro
internal import EventLoop
internal import Messaging
internal import Platform
internal import SchemaRegistry

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `topics tail T`: the messages of a topic, decoded.
enum TailCommand {
    private static let fromBeginning = Option(
        "from-beginning", "Begin with the oldest message, and end when all are shown.")
    private static let follow = Option("follow", "With --from-beginning: wait for new messages afterwards.")
    private static let limit = Option("limit", "N", "End after so many messages.")

    static let command = Command(
        "tail", "Show messages of a topic, decoded, as they come in.",
        arguments: [Argument("TOPIC", "A topic's name.")], options: [fromBeginning, follow, limit, .data, .json],
        examples: ["topics tail user.registered --from-beginning --limit 10", "topics tail points.awarded --json"],
        notes: "Without --from-beginning it shows what comes in from now on, until Ctrl-C or --limit."
    ) { arguments, console in
        let left = try arguments.number(limit, in: 1...Int.max) ?? .max
        let isFromBeginning = arguments.has(fromBeginning)
        try await OpenHub.with(arguments) { hub in
            var tail = Tail(
                hub: hub, console: console, asJSON: arguments.has(.json), left: left,
                ends: isFromBeginning && !arguments.has(follow))
            try await tail.run(topic: arguments.positional[0], fromBeginning: isFromBeginning)
        }
    }
}

/// Reads every partition in turn and shows what is new.
private struct Tail {
    let hub: HubStore
    let console: Console
    let asJSON: Bool
    var left: Int
    /// Ends when everything that was there is shown.
    let ends: Bool
    private static let batchCountMax = 500
    private static let pause: Duration = .milliseconds(200)

    mutating func run(topic: String, fromBeginning: Bool) async throws {
        let marks: [TopicPartition: Range<Int64>]
        do {
            marks = try await hub.log.watermarks(of: topic)
        } catch EventLogError.unknownTopic {
            throw CommandFailure("there is no topic \(topic). `\(Program.name) topics list --all` lists them.")
        }
        var places = marks.mapValues { fromBeginning ? $0.lowerBound : $0.upperBound }
        while left > 0 {
            var records: [LogRecord] = []
            for (partition, place) in places {
                records += try await hub.log.read(partition, from: place, countMax: min(left, Self.batchCountMax))
            }
            if records.isEmpty {
                if ends { return }
                try await hub.loops.next().sleep(for: Self.pause)
            }
            // Partitions are merged by time; each keeps its own order.
            for record in records.sorted(by: { ($0.time, $0.position) < ($1.time, $1.position) }) where left > 0 {
                await show(record)
                places[record.position.partition] = record.position.offset + 1
                left -= 1
            }
        }
    }

    private func show(_ record: LogRecord) async {
        let value: JSONTree
        do {
            value = try await hub.codec.json(of: record.value)
        } catch {
            value = .null
            if !asJSON { console.complaint("\(record.position) cannot be decoded: \(error)") }
        }
        console.line(asJSON ? record.json(value: value).compactText() : record.text(value: value))
    }
}

extension LogRecord {
    /// The fixed shape of a message.
    func json(value decoded: JSONTree) -> JSONTree {
        .object([
            .init("topic", .string(position.partition.topic)),
            .init("partition", .number(position.partition.partition)),
            .init("offset", .number(position.offset)), .init("key", .string(key)), .init("timestamp", .time(time)),
            .init("headers", .object(headers.map { .init($0.name, .string($0.text)) })), .init("value", decoded),
            .init("valueBase64", .string(Data(value).base64EncodedString())),
        ])
    }

    fileprivate func text(value decoded: JSONTree) -> String {
        "\(position)  \(time.shown)  key \(key)\n\(decoded.prettyText())"
    }
}
