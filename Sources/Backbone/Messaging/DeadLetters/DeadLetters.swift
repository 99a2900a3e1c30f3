public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What groups could not handle: seen, sent to the failing group again, or discarded.
///
/// Dead letters are records of `<group>.dlq` and stay there until retention removes them; a table in the schema of the group's
/// service says which were dealt with. A redrive appends to `<group>.redrive`, which that group alone reads: never to the topic the
/// event came from, where every other group would get it again. When its effect was made after all, the group's inbox knows.
public struct DeadLetters: Sendable {
    let log: any EventLog
    let database: Database
    private let now: @Sendable () -> Date

    /// - Parameter database: reaches the schemas of the services.
    public init(log: any EventLog, database: Database, now: @escaping @Sendable () -> Date) {
        self.log = log
        self.database = database
        self.now = now
    }

    /// What became of a dead letter.
    enum Resolution: String {
        case redriven, discarded
    }

    /// Dead letters nobody has dealt with, oldest failure first, one for each failure.
    /// - Parameters:
    ///   - group: nil for all groups.
    ///   - countMax: at most so many of each group.
    public func list(group: ConsumerGroup? = nil, countMax: Int = 1_000) async throws -> [DeadLetter] {
        var letters: [DeadLetter] = []
        for group in try await groups(group) {
            var newest: [DeadLetter.Occurrence: DeadLetter] = [:]
            for letter in try await unresolved(of: group, countMax: countMax) { newest[letter.occurrence] = letter }
            letters += newest.values
        }
        return letters.sorted { ($0.lastFailedAt, $0.id) < ($1.lastFailedAt, $1.id) }
    }

    /// One dead letter, dealt with or not; nil when there is none of that id.
    public func show(_ id: DeadLetter.ID) async throws -> DeadLetter? {
        let partition = TopicPartition(id.group.deadLetterTopic, id.partition)
        let found = try await log.read(partition, from: id.offset, countMax: 1).first
        guard let record = found, record.position.offset == id.offset else { return nil }
        return DeadLetter(record, of: id.group)
    }

    /// What a redrive or a discard did.
    public struct Report: Sendable, Equatable {
        /// Names this batch in the headers of what was sent.
        public let batchID: String
        public var done: [DeadLetter.ID] = []
        /// Unknown, or dealt with before.
        public var skipped: [DeadLetter.ID] = []
        /// The log did not take them; they stay.
        public var failed: [DeadLetter.ID] = []
    }

    /// Sends dead letters to their groups again, in the order given.
    ///
    /// A crash in between leaves a dead letter listed that was sent: sending it again does no harm.
    public func redrive(_ ids: [DeadLetter.ID], batchID: String) async throws -> Report {
        var report = Report(batchID: batchID)
        for (letter, copies) in try await pick(ids, &report) {
            var headers = letter.record.headers
            headers.set(DeadLetterHeader.redriveCount, String(letter.redriveCount + 1))
            headers.set(DeadLetterHeader.redriveBatch, batchID)
            let record = NewRecord(
                topic: letter.id.group.redriveTopic, key: letter.key, headers: headers, value: letter.record.value)
            guard case .accepted? = await log.append([record]).first else {
                report.failed.append(letter.id)
                continue
            }
            try await resolve(copies, as: .redriven, batchID: batchID)
            report.done.append(letter.id)
        }
        return report
    }

    /// Takes dead letters off the list for good. Their records stay until retention removes them.
    public func discard(_ ids: [DeadLetter.ID], batchID: String) async throws -> Report {
        var report = Report(batchID: batchID)
        for (letter, copies) in try await pick(ids, &report) {
            try await resolve(copies, as: .discarded, batchID: batchID)
            report.done.append(letter.id)
        }
        return report
    }

    // MARK: Parts

    private func groups(_ group: ConsumerGroup?) async throws -> [ConsumerGroup] {
        let suffix = ".dlq"
        let all = try await log.topics().map(\.settings.name).filter { $0.hasSuffix(suffix) }
            .map { ConsumerGroup(rawValue: String($0.dropLast(suffix.count))) }
        return group.map { wanted in all.filter { $0 == wanted } } ?? all
    }

    private func unresolved(of group: ConsumerGroup, countMax: Int) async throws -> [DeadLetter] {
        let done = try await resolved(of: group)
        var letters: [DeadLetter] = []
        for (partition, range) in try await log.watermarks(of: group.deadLetterTopic) {
            var from = range.lowerBound
            while letters.count < countMax {
                let records = try await log.read(partition, from: from, countMax: 500)
                guard let last = records.last else { break }
                letters += records.compactMap { DeadLetter($0, of: group) }.filter { !done.contains($0.id) }
                from = last.position.offset + 1
            }
        }
        return Array(letters.sorted { $0.id < $1.id }.prefix(countMax))
    }

    private func resolved(of group: ConsumerGroup) async throws -> Set<DeadLetter.ID> {
        let rows: Rows
        do {
            rows = try await database.query(
                """
                select partition, "offset" from \(quoted: group.service.rawValue).dead_letter_resolution
                where consumer_group = \(group.rawValue)
                """)
        } catch let error as PostgresError where error.sqlState == "42P01" {
            // Groups have their topics from the start; the service of this one has never run here.
            return []
        }
        return Set(
            try rows.map { row in
                let (partition, offset) = try row.decode(Int32.self, Int64.self)
                return DeadLetter.ID(group: group, partition: Int(partition), offset: offset)
            })
    }

    /// The dead letters of ids, each with all copies of the same failure.
    private func pick(
        _ ids: [DeadLetter.ID], _ report: inout Report
    ) async throws -> [(letter: DeadLetter, copies: [DeadLetter.ID])] {
        var byGroup: [ConsumerGroup: [DeadLetter]] = [:]
        for group in Set(ids.map(\.group)) {
            byGroup[group] = try await groups(group).isEmpty ? [] : unresolved(of: group, countMax: .max)
        }
        var picked: [(letter: DeadLetter, copies: [DeadLetter.ID])] = []
        var seen: Set<DeadLetter.Occurrence> = []
        for id in ids {
            let letters = byGroup[id.group] ?? []
            guard let letter = letters.first(where: { $0.id == id }), seen.insert(letter.occurrence).inserted else {
                report.skipped.append(id)
                continue
            }
            picked.append((letter, letters.filter { $0.occurrence == letter.occurrence }.map(\.id)))
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
