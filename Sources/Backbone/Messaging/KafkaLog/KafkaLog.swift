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
/// Records are appended by one idempotent producer; members of groups are clients of their own, which hold partitions in lanes. Where a
/// group reads on is not asked of the cluster: it is told (see ``ConsumerPositions``), and the offsets committed there are for tools.
public final class KafkaLog: EventLog {
    let cluster: KafkaCluster
    let limits: Limits
    let logger: Logger
    let loop: EventLoop
    let joins: OutageLog
    private let producer: KafkaProducer
    private let administration: KafkaAdministration

    public struct Limits: Sendable {
        /// How long a question to the brokers may take.
        public var requestMax: Duration = .seconds(20)
        /// How long a topic that a broker has not heard of may still be on its way.
        public var unknownTopicMax: Duration = .seconds(5)
        /// For how long a question is asked again that the brokers cannot answer at the moment.
        public var passingMax: Duration = .seconds(10)
        /// How long making and changing topics may take.
        public var changeMax: Duration = .seconds(60)
        /// How long to wait for members to leave their group, and for what is under way, before the rest is given up.
        public var closeMax: Duration = .seconds(10)
        /// Before a member that its group has shut out joins again.
        public var rejoinDelay: Duration = .seconds(1)
        /// A name that stays when the process is started again, so that its partitions wait for it; nil for none. Each process needs
        /// another.
        public var instanceID: String?

        public init() {}
    }

    /// Connects to nothing yet.
    /// - Parameter loops: the log works on one of them, and each subscription on another.
    /// - Throws: ``EventLoopError`` when there are no threads.
    public init(
        _ configuration: KafkaConfiguration, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger
    ) throws(EventLoopError) {
        var configuration = configuration
        // The largest record there may be is a dead letter; brokers refuse by topic what is larger than its own.
        let bytesMax = TopicSettings.catalogue.map(\.recordBytesMax).max() ?? 0
        configuration.producer.recordBytesMax = max(
            configuration.producer.recordBytesMax, KafkaTopicSettings.batchBytes(of: bytesMax))
        cluster = try KafkaCluster(configuration, logger: logger)
        self.limits = limits
        self.logger = logger
        joins = OutageLog(logger, failing: "a group cannot be joined", over: "the groups are joined again")
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
                // What was removed is skipped.
                let lower = max(range.lowerBound, mark.lowerBound)
                if lower < range.upperBound { wanted[KafkaPartition(partition)] = lower..<range.upperBound }
            }
            return KafkaLogReader(try await cluster.read(wanted, on: loop), closeMax: limits.closeMax)
        } catch {
            throw EventLogError(error)
        }
    }

    // MARK: Upkeep

    /// The brokers remove what is old.
    public func enforceRetention(at time: Date) async throws -> Int { 0 }

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

    /// What a record of a topic may have at most: that of the catalogue, or the standard.
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
    /// What the cluster said, in the words of the log.
    init(_ error: any Error) {
        switch error {
        case let error as EventLogError: self = error
        case let gap as KafkaGap:
            let partition = TopicPartition(gap.partition)
            self =
                gap.offset > gap.kept.upperBound
                ? .truncated(partition, end: gap.kept.upperBound) : .gap(partition, firstKept: gap.kept.lowerBound)
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
