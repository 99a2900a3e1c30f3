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
        "from-beginning", "Begin with the oldest message, and end after the last one.")
    private static let follow = Option("follow", "With --from-beginning: then wait for new messages.")
    private static let limit = Option("limit", "N", "End after N messages.")

    static let command = Command(
        "tail", "Show the messages of a topic, decoded, as they arrive.",
        arguments: [Argument("TOPIC", "A topic's name.")], options: [fromBeginning, follow, limit, .data, .json],
        examples: ["topics tail user.registered --from-beginning --limit 10", "topics tail points.awarded --json"],
        notes: "Without --from-beginning the command shows new messages until Ctrl-C or --limit."
    ) { arguments, console in
        let left = try arguments.number(limit, in: 1...Int.max) ?? .max
        let isFromBeginning = arguments.has(fromBeginning)
        let topic = try TopicsCommand.hubTopic(arguments.positional[0])
        try await OpenHub.with(arguments) { hub in
            var tail = Tail(
                hub: hub, console: console, asJSON: arguments.has(.json), left: left,
                ends: isFromBeginning && !arguments.has(follow))
            try await tail.run(topic: topic, fromBeginning: isFromBeginning)
        }
    }
}

/// Shows the existing and new messages of a topic.
private struct Tail {
    let hub: HubStore
    let console: Console
    let asJSON: Bool
    var left: Int
    /// Ends after the existing messages.
    let ends: Bool

    mutating func run(topic: String, fromBeginning: Bool) async throws {
        let marks = try await hub.log.watermarks(of: topic)
        if fromBeginning {
            // Reads existing messages partition by partition.
            for (partition, range) in marks.sorted(by: { $0.key < $1.key }) where left > 0 && !Console.outputIsClosed {
                try await read([partition: range])
            }
        }
        if ends || left == 0 || Console.outputIsClosed { return }
        try await read(marks.mapValues { $0.upperBound..<Int64.max })
    }

    private mutating func read(_ ranges: [TopicPartition: Range<Int64>]) async throws {
        let reader = try await hub.log.reader(ranges.filter { !$0.value.isEmpty })
        while left > 0, !Console.outputIsClosed, let batch = try await reader.next(countMax: min(left, 500)) {
            for record in batch.records where !Console.outputIsClosed {
                await show(record)
                left -= 1
            }
        }
        await reader.close()
    }

    private func show(_ record: LogRecord) async {
        let value: JSONTree
        do {
            value = try await record.decoded(by: hub.codec)
        } catch {
            value = .null
            if !asJSON { console.complaint("\(record.position) cannot be decoded: \(error)") }
        }
        console.line(asJSON ? record.json(value: value).compactText() : record.text(value: value))
    }
}

extension LogRecord {
    /// The fixed JSON form.
    func json(value decoded: JSONTree) -> JSONTree {
        .object([
            .init("topic", .string(position.partition.topic)),
            .init("partition", .number(position.partition.partition)),
            .init("offset", .number(position.offset)), .init("key", key == nil ? .null : .string(keyText)),
            .init("timestamp", .time(time)),
            .init("headers", .object(headers.map { .init($0.name, .string($0.text)) })), .init("value", decoded),
            .init("valueBase64", value.map { .string(Data($0).base64EncodedString()) } ?? .null),
        ])
    }

    /// Null for a record without a value.
    func decoded(by codec: EventCodec) async throws(EventCodecError) -> JSONTree {
        guard let value else { return .null }
        return try await codec.json(of: value)
    }

    fileprivate func text(value decoded: JSONTree) -> String {
        "\(position)  \(time.shown)  key \(keyText)\n\(decoded.prettyText())"
    }
}
