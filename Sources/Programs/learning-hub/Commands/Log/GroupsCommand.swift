internal import Avro
internal import Messaging
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `groups`: who reads, and how far.
enum GroupsCommand {
    static let command = Command(
        "groups", "The consumer groups: how far each has come, and how far it is behind.", members: [list, describe])

    private static let list = Command(
        "list", "List each group's place in each partition.", options: [.data, .json],
        examples: ["groups list", "groups list --json"]
    ) { arguments, console in
        show(try await OpenHub.with(arguments) { try await $0.log.groups() }, arguments, console)
    }

    private static let describe = Command(
        "describe", "Show one group's place in each partition.", arguments: [Argument("GROUP", "A group's name.")],
        options: [.data, .json], examples: ["groups describe notification"]
    ) { arguments, console in
        let name = arguments.positional[0]
        let positions = try await OpenHub.with(arguments) { try await $0.log.groups() }.filter { $0.group == name }
        if positions.isEmpty {
            throw CommandFailure("there is no group \(name). `\(Program.name) groups list` lists them.")
        }
        show(positions, arguments, console)
    }

    private static func show(_ positions: [GroupPosition], _ arguments: Arguments, _ console: Console) {
        let now = OpenHub.now
        if arguments.has(.json) {
            for position in positions {
                let age = position.oldestUnprocessed.map { max(0, now.timeIntervalSince($0)) } ?? 0
                console.json(
                    .object([
                        .init("group", .string(position.group)), .init("topic", .string(position.partition.topic)),
                        .init("partition", .number(position.partition.partition)),
                        .init("committed", position.committed.map { .number($0) } ?? .null),
                        .init("end", .number(position.end)), .init("lag", .number(position.lag)),
                        .init("oldestUnprocessedSeconds", .number(age.rounded(3))),
                        .init("held", .bool(position.isHeld)),
                    ]))
            }
            return
        }
        console.table(
            ["group", "topic", "partition", "committed", "end", "lag", "behind", "read by a member"],
            positions.map { position in
                [
                    position.group, position.partition.topic, "\(position.partition.partition)",
                    position.committed.map { "\($0)" } ?? "-", "\(position.end)", "\(position.lag)",
                    position.oldestUnprocessed.map { Duration.seconds(max(0, now.timeIntervalSince($0))).shown } ?? "-",
                    position.isHeld ? "yes" : "no",
                ]
            })
    }
}
