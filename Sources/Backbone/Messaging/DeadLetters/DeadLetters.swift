public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Lists, redrives and discards events that groups could not handle.
///
/// Dead letters are records of `<group>.dlq` and stay there until retention removes them; a table in the schema of the group's service
/// records which were resolved. A redrive appends to `<group>.redrive`, which only that group reads, and not to the original topic, where
/// all other groups would receive the event again. If the event was handled after all, the group's inbox skips it.
public struct DeadLetters: Sendable {
    let log: any EventLog
    let database: Database
    private let all: [ConsumerGroup]
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - database: has access to the schemas of the services.
    ///   - groups: all groups of the hub.
    public init(
        log: any EventLog, database: Database, groups: [ConsumerGroup] = TopicCatalogue.groups,
        now: @escaping @Sendable () -> Date
    ) {
        self.log = log
        self.database = database
        all = groups
        self.now = now
    }

    /// How a dead letter was resolved.
    public enum Resolution: String, Sendable {
        case redriven, discarded
    }

    /// Unresolved dead letters, oldest failure first, one per failure.
    /// - Parameters:
    ///   - group: nil for all groups.
    ///   - countMax: the maximum number over all partitions and groups, oldest first; also limits memory.
    public func list(group: ConsumerGroup? = nil, countMax: Int = DeadLetters.listedCountMax) async throws
        -> [DeadLetter]
    {
        var oldest = OldestLetters(countMax: countMax)
        for group in try await groups(group) {
            try await forEachUnresolved(of: group) { oldest.add($0) }
        }
        return oldest.letters
    }

    /// The default page size of a list.
    public static let listedCountMax = 1_000

    /// A dead letter, resolved or not; nil when there is none with that id.
    public func show(_ id: DeadLetter.ID) async throws -> DeadLetter? {
        let partition = TopicPartition(id.group.deadLetterTopic, id.partition)
        return try await log.record(at: LogPosition(partition, id.offset)).flatMap { DeadLetter($0, of: id.group) }
    }

    /// How a dead letter was resolved; nil while it is open.
    public func resolution(of id: DeadLetter.ID) async throws -> Resolution? {
        try await resolutions(of: id.group, id.partition, id.offset...id.offset)[id.offset]
    }

    /// The result of a redrive or a discard.
    public struct Report: Sendable, Equatable {
        /// The id of this batch in the headers of the sent records.
        public let batchID: String
        public var done: [DeadLetter.ID] = []
        /// Unknown, or already resolved.
        public var skipped: [DeadLetter.ID] = []
        /// The log did not accept them; they stay unresolved.
        public var failed: [DeadLetter.ID] = []
        /// The redriven dead letters, for checking their outcomes.
        public var sent: [Redriven] = []
    }

    /// Redrives dead letters in the given order.
    ///
    /// After a crash in between, a redriven dead letter may still be listed: redriving it again is harmless.
    public func redrive(_ ids: [DeadLetter.ID], batchID: String) async throws -> Report {
        var report = Report(batchID: batchID)
        for (id, copies) in try await pick(ids, &report) {
            guard let letter = try await show(id) else {
                report.skipped.append(id)
                continue
            }
            var headers = letter.record.headers
            headers.set(DeadLetterHeader.redriveCount, String(letter.redriveCount + 1))
            headers.set(DeadLetterHeader.redriveBatch, batchID)
            let record = NewRecord(
                topic: letter.id.group.redriveTopic, key: letter.key, headers: headers, value: letter.record.value)
            guard case .accepted(let position)? = await log.append([record], within: appendMax).first else {
                report.failed.append(letter.id)
                continue
            }
            report.sent.append(Redriven(letter, position: position))
            try await resolve(copies, as: .redriven, batchID: batchID)
            report.done.append(letter.id)
        }
        return report
    }

    /// Discards dead letters permanently. Their records stay until retention removes them.
    public func discard(_ ids: [DeadLetter.ID], batchID: String) async throws -> Report {
        var report = Report(batchID: batchID)
        for (id, copies) in try await pick(ids, &report) {
            try await resolve(copies, as: .discarded, batchID: batchID)
            report.done.append(id)
        }
        return report
    }

    /// Deletes the resolutions of dead letters whose records retention has removed. One extra day covers delayed clean-up.
    static func removeOldResolutions(stepCountMax: Int, on database: Database) async throws {
        let days = TopicCatalogue.deadLetters.map(\.retentionDays).max() ?? 0
        try await database.delete(
            from: "dead_letter_resolution",
            where: "resolved_at < statement_timestamp() - \(Int64(days + 1)) * interval '1 day'",
            stepCountMax: stepCountMax)
    }

    /// How long a redrive waits for the log's acknowledgement.
    private let appendMax: Duration = .seconds(30)

    // MARK: Parts

    /// Those whose dead-letter topic exists.
    private func groups(_ group: ConsumerGroup?) async throws -> [ConsumerGroup] {
        let wanted = group.map { [$0] } ?? all
        let known = Set(try await log.topics(wanted.map(\.deadLetterTopic)).map(\.settings.name))
        return wanted.filter { known.contains($0.deadLetterTopic) }
    }

    /// Reads the unresolved dead letters of a group page by page.
    func forEachUnresolved(of group: ConsumerGroup, _ body: (DeadLetter) -> Void) async throws {
        try await log.forEachBatch(of: try await log.ranges(of: group.deadLetterTopic)) { batch in
            guard let first = batch.records.first, let last = batch.records.last else { return }
            let done = try await resolutions(
                of: group, batch.partition.partition, first.position.offset...last.position.offset)
            for letter in batch.records.lazy.compactMap({ DeadLetter($0, of: group) })
            where done[letter.id.offset] == nil {
                body(letter)
            }
        }
    }

    /// The resolved dead letters in a range, by offset.
    private func resolutions(
        of group: ConsumerGroup, _ partition: Int, _ offsets: ClosedRange<Int64>
    ) async throws -> [Int64: Resolution] {
        do {
            let rows = try await database.query(
                """
                select "offset", resolution from \(quoted: group.service.rawValue).dead_letter_resolution
                where consumer_group = \(group.rawValue) and partition = \(Int64(partition))
                    and "offset" between \(offsets.lowerBound) and \(offsets.upperBound)
                """)
            return try rows.reduce(into: [:]) { found, row in
                let (offset, resolution) = try row.decode(Int64.self, String.self)
                found[offset] = Resolution(rawValue: resolution)
            }
        } catch let error as PostgresError where error.sqlState == "42P01" {
            // The group's topics exist from the start, but its service has never run here.
            return [:]
        }
    }

    /// The unresolved ones of the ids, each with all copies of the same failure.
    private func pick(
        _ ids: [DeadLetter.ID], _ report: inout Report
    ) async throws -> [(id: DeadLetter.ID, copies: [DeadLetter.ID])] {
        var occurrences: [DeadLetter.ID: DeadLetter.Occurrence] = [:]
        let wanted = Set(ids)
        for group in Set(ids.map(\.group)) where try await !groups(group).isEmpty {
            try await forEachUnresolved(of: group) { letter in
                if wanted.contains(letter.id) { occurrences[letter.id] = letter.occurrence }
            }
        }
        var copies: [DeadLetter.Occurrence: [DeadLetter.ID]] = [:]
        let named = Set(occurrences.values)
        for group in Set(named.map(\.group)) {
            try await forEachUnresolved(of: group) { letter in
                if named.contains(letter.occurrence) { copies[letter.occurrence, default: []].append(letter.id) }
            }
        }
        var picked: [(id: DeadLetter.ID, copies: [DeadLetter.ID])] = []
        for id in ids {
            guard let occurrence = occurrences[id], let all = copies.removeValue(forKey: occurrence) else {
                report.skipped.append(id)
                continue
            }
            picked.append((id, all))
        }
        return picked
    }

    private func resolve(_ ids: [DeadLetter.ID], as resolution: Resolution, batchID: String) async throws {
        guard let group = ids.first?.group else { return }
        _ = try await database.execute(
            """
            insert into \(quoted: group.service.rawValue).dead_letter_resolution
                (consumer_group, partition, "offset", resolution, batch_id, resolved_at)
            select \(group.rawValue), r.partition, r.place, \(resolution.rawValue), \(batchID), \(now())
            from unnest(\(ids.map { Int64($0.partition) }), \(ids.map(\.offset))) as r (partition, place)
            on conflict do nothing
            """)
    }
}
