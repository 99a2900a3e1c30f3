public import Contracts
public import EventLoop
public import Observability
public import Postgres
public import SchemaRegistry

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Reads a range of topics again and calls a group's handlers, to repair or rebuild their data.
///
/// The inbox records the events for a temporary group, so that handlers run once for each event although the group has already handled
/// it. Handlers with external effects are skipped (see ``Handler``), and events that handlers append are not sent unless requested. The
/// group's own offsets do not change.
public struct Replay: Sendable {
    /// The range to read.
    public enum Start: Sendable {
        case offsets([TopicPartition: Int64])
        case time(Date)
        case beginning
    }

    public struct Report: Sendable, Equatable {
        /// The temporary group.
        public let group: String
        /// The number of events read.
        public var read = 0
        /// The number of events handled.
        public var handled = 0
        /// Failed events with their errors, at most ``failuresMax``.
        public var failures: [LogPosition: String] = [:]
        public var failureCount = 0

        public static let failuresMax = 100
    }

    public let group: ConsumerGroup
    let handlers: [Handler]
    let database: Database
    let log: any EventLog
    let codec: EventCodec
    let loops: EventLoopGroup
    let logger: Logger
    /// The maximum number of events of one partition per transaction.
    var batchCountMax = 500

    /// - Parameters:
    ///   - handlers: the handlers of the group to run.
    ///   - database: contains the schema of the group's service.
    public init(
        group: ConsumerGroup, handlers: [Handler], database: Database, log: any EventLog, codec: EventCodec,
        loops: EventLoopGroup, logger: Logger
    ) {
        self.group = group
        self.handlers = handlers
        self.database = database
        self.log = log
        self.codec = codec
        self.loops = loops
        self.logger = logger
    }

    /// Replays from `start` to the current end of the log, or to the given end.
    ///
    /// - Parameters:
    ///   - topics: nil for all topics of the group's handlers.
    ///   - end: events appended at or after it are skipped.
    ///   - replayID: identifies the replay; running it again continues and handles no event twice.
    ///   - sendsEvents: whether events that handlers append to the outbox are sent.
    public func run(
        from start: Start, until end: Date? = nil, topics: [Topic]? = nil, replayID: String, sendsEvents: Bool = false
    ) async throws -> Report {
        let wanted = Set(topics ?? handlers.map(\.topic)).intersection(handlers.map(\.topic))
        let ranges = try await self.ranges(of: wanted.map(\.name), from: start, until: end)
        let replayGroup = "\(group).replay-\(replayID)"
        let processor = EventProcessor(
            group: group, inboxGroup: replayGroup, handlers: handlers, database: database, codec: codec, isReplay: true,
            suppressesEvents: !sendsEvents)
        logger.notice(
            "replay begins", [.group: .text(replayGroup), .count: LogValue(ranges.values.reduce(0) { $0 + $1.count })])
        let report = try await withThrowingTaskGroup(of: Report.self) { tasks in
            for (turn, range) in ranges.sorted(by: { $0.key < $1.key }).enumerated() {
                let loop = loops.loops[turn % loops.loops.count]
                tasks.addTask(executorPreference: loop) {
                    try await replay(range.key, range.value, processor, Report(group: replayGroup))
                }
            }
            return try await tasks.reduce(into: Report(group: replayGroup)) { $0.add($1) }
        }
        logger.notice(
            "replay ended",
            [.group: .text(replayGroup), .count: LogValue(report.handled), .error: LogValue(report.failureCount)])
        return report
    }

    /// Deletes the inbox rows of a replay: afterwards the same id would handle all events again.
    public func forget(replayID: String) async throws {
        try await database.delete(
            from: "inbox", where: "consumer_group = \("\(group).replay-\(replayID)")", stepCountMax: 5_000)
    }

    private func ranges(
        of topics: [String], from start: Start, until end: Date?
    ) async throws -> [TopicPartition: Range<Int64>] {
        var ranges: [TopicPartition: Range<Int64>] = [:]
        for topic in topics {
            let marks = try await log.watermarks(of: topic)
            let ends = if let end { try await log.offsets(of: topic, at: end) } else { marks.mapValues(\.upperBound) }
            let starts: [TopicPartition: Int64] =
                switch start {
                case .beginning: marks.mapValues(\.lowerBound)
                case .time(let time): try await log.offsets(of: topic, at: time)
                case .offsets(let offsets): offsets.filter { $0.key.topic == topic }
                }
            for (partition, first) in starts {
                guard let mark = marks[partition], let last = ends[partition] else { continue }
                let lower = max(first, mark.lowerBound)
                if lower < last { ranges[partition] = lower..<last }
            }
        }
        return ranges
    }

    private func replay(
        _ partition: TopicPartition, _ range: Range<Int64>, _ processor: EventProcessor, _ empty: Report
    ) async throws -> Report {
        var report = empty
        try await log.forEachBatch(of: [partition: range], countMax: batchCountMax) { batch in
            try Task.checkCancellation()
            report.read += batch.records.count
            var events: [PreparedEvent] = []
            for record in batch.records {
                do {
                    if let event = try await processor.prepare(record) { events.append(event) }
                } catch {
                    report.fail(record.position, error)
                }
            }
            try await handle(events, processor, &report)
        }
        return report
    }

    private func handle(_ events: [PreparedEvent], _ processor: EventProcessor, _ report: inout Report) async throws {
        if events.isEmpty { return }
        do {
            report.handled += try await processor.handle(events)
        } catch {
            try Task.checkCancellation()
            for event in events {
                do {
                    report.handled += try await processor.handle([event])
                } catch {
                    try Task.checkCancellation()
                    report.fail(event.record.position, error)
                }
            }
        }
    }
}

extension Replay.Report {
    fileprivate mutating func fail(_ position: LogPosition, _ error: any Error) {
        failureCount += 1
        if failures.count < Self.failuresMax { failures[position] = String(describing: error) }
    }

    fileprivate mutating func add(_ other: Self) {
        read += other.read
        handled += other.handled
        failureCount += other.failureCount
        for (position, text) in other.failures where failures.count < Self.failuresMax { failures[position] = text }
    }
}
