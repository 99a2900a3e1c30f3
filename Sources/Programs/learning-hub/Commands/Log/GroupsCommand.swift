internal import Avro
internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `groups`: groups and their lag.
enum GroupsCommand {
    static let command = Command(
        "groups", "Show and reset the positions of the consumer groups.",
        members: [list, describe, reset])

    private static let list = Command(
        "list", "List the groups with their total lag.", options: [.data, .json],
        examples: ["groups list", "groups list --json"], notes: "`groups describe` shows each partition."
    ) { arguments, console in
        let (positions, stopped) = try await OpenHub.with(arguments) { try await $0.positionsAndStops() }
        let groups = Dictionary(grouping: positions, by: \.group).sorted { $0.key < $1.key }.map {
            GroupSum(name: $0.key, positions: $0.value)
        }
        if arguments.has(.json) {
            for group in groups { console.json(group.json) }
        } else {
            console.table(["group", "topics", "partitions", "lag", "behind", "read by members"], groups.map(\.row))
        }
        warn(of: stopped, console)
    }

    private static let describe = Command(
        "describe", "Show the position of a group, or of all groups, in each partition.",
        arguments: [Argument("GROUP", .optional, "A group's name.")], options: [.data, .json],
        examples: ["groups describe notification", "groups describe --json"]
    ) { arguments, console in
        let group = try arguments.positional(0).map { try hubGroup($0) }
        let (positions, stopped) = try await OpenHub.with(arguments) { try await $0.positionsAndStops(of: group) }
        if let group { try requireSome(positions, of: group) }
        show(positions, arguments, console)
        warn(of: stopped, console)
    }

    private static let topic = Option(
        "topic", "TOPIC", "Only this topic. If this option is not given: all topics of the group.")
    private static let to = Option(
        "to", "PLACE", required: true, "`beginning`, `end`, or a time: 2026-01-31T12:00:00Z.")

    private static let yes = Option(
        "yes", "Make the change. Without this option the command only shows what it would change.")

    private static let reset = Command(
        "reset", "Set the position of a group. Its service must be stopped.",
        arguments: [Argument("GROUP", "A group's name.")], options: [topic, to, yes, .data, .json],
        examples: ["groups reset gamification --topic user.registered --to end --yes"],
        notes: """
            If the new position is earlier, the group receives events again and ignores those it has already handled; `replay`
            repeats their effects. If the new position is later, the group never handles the events it skips.
            The command starts the private database server of a stopped `up` for as long as it needs it. Without --yes it ends with
            exit code 1.
            """
    ) { arguments, console in
        let group = try hubGroup(arguments.positional[0])
        let place = arguments.text(to) ?? ""
        let time = Date(iso8601: place)
        if !["beginning", "end"].contains(place), time == nil {
            throw arguments.misuse(
                "`\(place)` is not valid; expected `beginning`, `end` or a time such as 2026-01-31T12:00:00Z")
        }
        let targets = try await OpenHub.whileStopped(arguments) { hub in
            try await hub.checkLog()
            let known = try await hub.positions(of: group)
            try requireSome(known, of: group)
            var topics = Set(known.map(\.partition.topic))
            if let wanted = arguments.text(topic) { topics.formIntersection([wanted]) }
            if topics.isEmpty {
                throw CommandFailure(
                    "the group \(group) does not read the topic \(arguments.text(topic) ?? ""). `\(Program.name) groups describe \(group)` lists its topics."
                )
            }
            var targets: [TopicPartition: Int64] = [:]
            for topic in topics {
                let marks = try await hub.log.watermarks(of: topic)
                let places =
                    if let time { try await hub.log.offsets(of: topic, at: time) } else {
                        marks.mapValues { place == "end" ? $0.upperBound : $0.lowerBound }
                    }
                targets.merge(places) { $1 }
            }
            if arguments.has(yes) {
                let database = hub.database(of: group.service)
                do {
                    try await ConsumerPositions(of: group, in: database).reset(to: targets, on: hub.log)
                } catch {
                    await database.close()
                    throw (error as? EventLogError).map { CommandFailure("\($0)") } ?? error
                }
                await database.close()
            }
            return targets
        }
        for (partition, offset) in targets.sorted(by: { $0.key < $1.key }) {
            if arguments.has(.json) {
                console.json(
                    .object([
                        .init("group", .string(group.rawValue)), .init("topic", .string(partition.topic)),
                        .init("partition", .number(partition.partition)), .init("offset", .number(offset)),
                    ]))
            } else {
                console.line("\(partition) to offset \(offset)")
            }
        }
        if !arguments.has(yes) { throw CommandFailure("nothing was changed. Add --yes to make the change.") }
    }

    private static func requireSome(_ positions: [GroupPosition], of group: ConsumerGroup) throws {
        if positions.isEmpty {
            throw CommandFailure(
                "the group \(group) has no position yet: the \(group.service) service has never run with this database")
        }
    }

    /// - Throws: ``CommandFailure`` for a group that is not the hub's: a Kafka cluster may have groups of other programs.
    static func hubGroup(_ name: String) throws -> ConsumerGroup {
        if let group = TopicCatalogue.groups.first(where: { $0.rawValue == name }) { return group }
        let names = TopicCatalogue.groups.map(\.rawValue)
        let suggestion = Suggestion.text(for: name, among: names)
        throw CommandFailure(
            "the hub has no group \(name)\(suggestion.isEmpty ? "." : suggestion) Its groups: \(names.joined(separator: ", "))."
        )
    }

    private static func warn(of stopped: [StoppedGroup], _ console: Console) {
        for (group, partitions) in stopped {
            console.complaint(
                "\(group) has stopped in \(partitions.map { "\($0)" }.joined(separator: ", ")): the topic was created again. Stop its service and run `\(Program.name) groups reset \(group) --to beginning --yes`."
            )
        }
    }

    private static func show(_ positions: [GroupPosition], _ arguments: Arguments, _ console: Console) {
        let now = OpenHub.now
        if arguments.has(.json) {
            for position in positions {
                let age = position.age(at: now) ?? 0
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
                    position.age(at: now).map { Duration.seconds($0).shown } ?? "-",
                    position.isHeld ? "yes" : "no",
                ]
            })
    }
}

/// A group and its partitions that wait for a reset.
private typealias StoppedGroup = (group: ConsumerGroup, partitions: [TopicPartition])

/// The lag of a group over all its partitions.
private struct GroupSum {
    let name: String
    let topicCount: Int
    let partitionCount: Int
    let heldCount: Int
    let lag: Int64
    /// Age of the oldest unprocessed event, in seconds.
    let age: Double?

    init(name: String, positions: [GroupPosition]) {
        self.name = name
        topicCount = Set(positions.map(\.partition.topic)).count
        partitionCount = positions.count
        heldCount = positions.count { $0.isHeld }
        lag = positions.reduce(0) { $0 + $1.lag }
        age = positions.compactMap { $0.age(at: OpenHub.now) }.max()
    }

    var row: [String] {
        [
            name, "\(topicCount)", "\(partitionCount)", "\(lag)", age.map { Duration.seconds($0).shown } ?? "-",
            heldCount == partitionCount ? "all" : heldCount == 0 ? "none" : "\(heldCount) of \(partitionCount)",
        ]
    }

    var json: JSONTree {
        .object([
            .init("group", .string(name)), .init("topics", .number(topicCount)),
            .init("partitions", .number(partitionCount)), .init("heldPartitions", .number(heldCount)),
            .init("lag", .number(lag)), .init("oldestUnprocessedSeconds", .number((age ?? 0).rounded(3))),
        ])
    }
}

extension HubStore {
    /// The positions of the hub's groups, or of one of them. A Kafka cluster may have groups of other programs.
    func positions(of group: ConsumerGroup? = nil) async throws -> [GroupPosition] {
        try await log.positions(of: (group.map { [$0] } ?? TopicCatalogue.groups).map(\.rawValue))
    }

    /// As ``positions(of:)``, with the groups that wait for a reset.
    fileprivate func positionsAndStops(
        of group: ConsumerGroup? = nil
    ) async throws -> (positions: [GroupPosition], stopped: [StoppedGroup]) {
        let positions = try await positions(of: group)
        var stopped: [StoppedGroup] = []
        for (name, own) in Dictionary(grouping: positions, by: \.group).sorted(by: { $0.key < $1.key }) {
            let group = ConsumerGroup(rawValue: name)
            let partitions = try await ConsumerPositions(of: group, in: database).stopped(among: own)
            if !partitions.isEmpty { stopped.append((group, partitions)) }
        }
        return (positions, stopped)
    }
}

extension GroupPosition {
    /// The age of the group's oldest unprocessed event, in seconds.
    fileprivate func age(at now: Date) -> Double? { oldestUnprocessed.map { max(0, now.timeIntervalSince($0)) } }
}
