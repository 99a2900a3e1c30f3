public import EventLoop
public import Kafka
public import Observability

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The event log on an Apache Kafka cluster.
///
/// One idempotent producer appends records; each group member is a separate client that holds partitions as lanes. A group's start
/// offsets are not read from the cluster but passed in (see ``ConsumerPositions``); the offsets committed there are for tools.
public final class KafkaLog: EventLog {
    let cluster: KafkaCluster
    let limits: Limits
    let logger: Logger
    let loop: EventLoop
    let joins: OutageLog
    private let producer: KafkaProducer
    private let administration: KafkaAdministration

    public struct Limits: Sendable {
        /// The timeout of a broker request.
        public var requestMax: Duration = .seconds(20)
        /// How long a broker may report a new topic as unknown.
        public var unknownTopicMax: Duration = .seconds(5)
        /// For how long a question is asked again that the brokers cannot answer at the moment.
        public var passingMax: Duration = .seconds(10)
        /// How long making and changing topics may take.
        public var changeMax: Duration = .seconds(60)
        /// How long shutdown waits for members to leave their groups and for running calls.
        public var closeMax: Duration = .seconds(10)
        /// The delay before a member rejoins after a fatal error.
        public var rejoinDelay: Duration = .seconds(1)
        /// The static member id prefix: after a restart of the process its partitions are still assigned to it; nil for none. Unique per
        /// process.
        public var instanceID: String?

        public init() {}
    }

    /// Connects to nothing yet.
    /// - Parameter loops: the log uses one of them, and each subscription another.
    /// - Throws: ``EventLoopError`` when no threads are available.
    public init(
        _ configuration: KafkaConfiguration, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger
    ) throws(EventLoopError) {
        var configuration = configuration
        // Dead letters are the largest records; brokers enforce each topic's own limit.
        let bytesMax = TopicSettings.catalogue.map(\.recordBytesMax).max() ?? 0
        configuration.producer.recordBytesMax = max(
            configuration.producer.recordBytesMax, KafkaTopicSettings.batchBytes(of: bytesMax))
        cluster = try KafkaCluster(configuration, logger: logger)
        self.limits = limits
        self.logger = logger
        joins = OutageLog(
            logger, failing: "Kafka does not let a consumer join its group",
            over: "the consumers have joined their groups again")
        loop = loops.nextInTurn()
        producer = cluster.makeProducer(on: loop)
        administration = KafkaAdministration(cluster, on: loop)
    }

    func admin() async throws -> KafkaAdmin {
        do {
            return try await administration.open()
        } catch {
            throw EventLogError(error)
        }
    }

    // MARK: Records

    public func append(_ records: [NewRecord], within limit: Duration) async -> [AppendOutcome] {
        var outcomes: [AppendOutcome] = []
        outcomes.reserveCapacity(records.count)
        var batch = KafkaRecords()
        batch.reserveCapacity(records.count, bytesCount: records.reduce(0) { $0 + $1.byteCount })
        var sent: [Int] = []
        for (index, record) in records.enumerated() {
            let bytesMax = TopicSettings.recordBytesMax(of: record.topic)
            if record.byteCount > bytesMax {
                outcomes.append(.refused("record of \(record.byteCount) bytes, at most \(bytesMax)"))
                continue
            }
            outcomes.append(.retry("not sent"))
            sent.append(index)
            batch.add(record)
        }
        for (index, outcome) in zip(sent, await producer.append(batch, within: limit)) {
            outcomes[index] =
                switch outcome {
                case .accepted(let partition, let offset):
                    .accepted(offset.map { LogPosition(TopicPartition(records[index].topic, partition), $0) })
                case .refused(let error): .refused("\(error)")
                case .unconfirmed(let error): .retry("\(error)")
                }
        }
        return outcomes
    }

    public func reader(_ ranges: [TopicPartition: Range<Int64>]) async throws -> any LogReader {
        do {
            let partitions = ranges.keys.map { KafkaPartition($0) }
            let marks = try await marks(of: partitions, admin())
            var wanted: [KafkaPartition: Range<Int64>] = [:]
            for (partition, range) in ranges {
                guard let mark = marks[KafkaPartition(partition)] else {
                    throw EventLogError.unknownTopic(partition.description)
                }
                if range.lowerBound > mark.upperBound { throw EventLogError.truncated(partition, end: mark.upperBound) }
                // Removed records are skipped.
                let lower = max(range.lowerBound, mark.lowerBound)
                if lower < range.upperBound { wanted[KafkaPartition(partition)] = lower..<range.upperBound }
            }
            return KafkaLogReader(try await cluster.read(wanted, on: loop), closeMax: limits.closeMax)
        } catch {
            throw EventLogError(error)
        }
    }

    // MARK: Upkeep

    /// Brokers apply retention.
    public func enforceRetention(of isIncluded: @Sendable (String) -> Bool, at time: Date) async throws -> Int { 0 }

    public func run() async throws { while true { try await loop.sleep(for: .seconds(3_600)) } }

    public func close() async {
        await producer.close(within: limits.closeMax)
        await administration.close(within: limits.closeMax)
        cluster.close()
    }
}

extension TopicSettings {
    private static let bytesMaxOfCatalogue = Dictionary(catalogue.map { ($0.name, $0.recordBytesMax) }) { first, _ in
        first
    }

    /// The maximum record size of a topic: from the catalogue, or the default.
    static func recordBytesMax(of topic: String) -> Int {
        bytesMaxOfCatalogue[topic] ?? TopicSettings(name: topic, partitionCount: 1, retention: .zero).recordBytesMax
    }
}

extension KafkaPartition {
    init(_ partition: TopicPartition) { self.init(partition.topic, partition.partition) }
}

extension TopicPartition {
    init(_ partition: KafkaPartition) { self.init(partition.topic, partition.number) }
}

extension EventLogError {
    /// Maps a cluster error to a log error.
    init(_ error: any Error) {
        switch error {
        case let error as EventLogError: self = error
        case let gap as KafkaGap:
            let partition = TopicPartition(gap.partition)
            // The end of the log may have come back since: after a change of the leader it is lower for a moment.
            self =
                gap.offset > gap.kept.upperBound
                ? .truncated(partition, end: gap.kept.upperBound)
                : .gap(partition, firstKept: max(gap.offset, gap.kept.lowerBound))
        case let error as KafkaError:
            switch error.kind {
            case .passing, .timedOut, .fatal, .closed, .unauthenticated, .unauthorized, .fenced:
                self = .unavailable("\(error)")
            case .unknownTopic, .tooLarge, .unknownGroup, .alreadyExists, .groupInUse, .unsupported, .invalid:
                self = .invalid("\(error)")
            }
        default: self = .unavailable("\(error)")
        }
    }
}
