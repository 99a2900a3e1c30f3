public import EventLoop
public import Observability
public import SchemaRegistry
internal import Synchronization

/// Reads the topics of a ``Tail``. When run again after a failure, it continues where it stopped.
public final class TailReader: Sendable {
    private static let batchCountMax = 500

    private let tail: Tail
    private let handlers: [String: [TailHandler]]
    private let log: any EventLog
    private let codec: EventCodec
    private let loop: EventLoop
    private let lookInterval: Duration
    private let logger: Logger
    private let isFollowing = Atomic(false)
    /// The next offsets.
    private let positions = Mutex<[TopicPartition: Int64]>([:])

    /// - Parameter lookInterval: the interval of checks for new partitions.
    public init(
        _ tail: Tail, log: any EventLog, codec: EventCodec, loops: EventLoopGroup,
        lookInterval: Duration = .seconds(60), logger: Logger
    ) {
        self.tail = tail
        handlers = Dictionary(grouping: tail.handlers, by: \.topic)
        self.log = log
        self.codec = codec
        loop = loops.nextInTurn()
        self.lookInterval = lookInterval
        self.logger = logger
    }

    /// Passes events on until the task is cancelled.
    /// - Throws: `CancellationError`; ``EventLogError``.
    public func run() async throws {
        defer { report(false) }
        while true {
            try await place()
            report(true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.read() }
                group.addTask { try await self.awaitNewPartitions() }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func report(_ isFollowing: Bool) {
        if self.isFollowing.exchange(isFollowing, ordering: .acquiringAndReleasing) != isFollowing {
            tail.onChange(isFollowing)
        }
    }

    /// Determines the start offsets: initially the ends of the partitions; also the end where the next record was removed; the beginning
    /// of partitions added later.
    private func place() async throws {
        let marks = try await marks()
        let isWhole = positions.withLock { positions in
            let isFirst = positions.isEmpty
            var isWhole = !isFirst
            for (partition, mark) in marks {
                if let known = positions[partition] {
                    if (mark.lowerBound...mark.upperBound).contains(known) { continue }
                    isWhole = false
                    positions[partition] = mark.upperBound
                } else {
                    positions[partition] = isFirst ? mark.upperBound : mark.lowerBound
                }
            }
            return isWhole
        }
        if !isWhole { tail.onGap() }
    }

    private func marks() async throws -> [TopicPartition: Range<Int64>] {
        var marks: [TopicPartition: Range<Int64>] = [:]
        for topic in handlers.keys { marks.merge(try await log.watermarks(of: topic)) { $1 } }
        return marks
    }

    private func read() async throws {
        let reader = try await log.reader(positions.withLock { $0 }.mapValues { $0..<Int64.max })
        let outcome = await Result {
            while let batch = try await reader.next(countMax: Self.batchCountMax) { try await handle(batch) }
        }
        await reader.close()
        try outcome.get()
    }

    private func handle(_ batch: LogBatch) async throws {
        for (index, record) in batch.records.enumerated() {
            await Fairness.pause(after: index)
            for handler in handlers[batch.partition.topic] ?? [] { try await handle(record, by: handler) }
        }
        positions.withLock { $0[batch.partition] = batch.nextOffset }
    }

    /// Unreadable records are skipped: one damaged record must not block the others.
    private func handle(_ record: LogRecord, by handler: TailHandler) async throws {
        do {
            try await handler.handle(record, codec)
        } catch {
            try Task.checkCancellation()
            let failureClass = FailureClass(of: error)
            if failureClass == .dependencyDown { throw error }
            logger.warning(
                "unreadable event skipped",
                [.topic: .text(handler.topic), .eventID: .text(record.id), .error: LogValue(error)])
            // Other processes may be able to read it, or already have.
            if failureClass == .transient { tail.onGap() }
        }
    }

    /// Returns when a topic has new partitions.
    private func awaitNewPartitions() async throws {
        while true {
            try await loop.sleep(for: lookInterval)
            // While the log is unreachable, reading reports it.
            guard let marks = try? await marks() else { continue }
            let known = positions.withLock { $0 }
            if marks.keys.contains(where: { known[$0] == nil }) { return }
        }
    }
}
