internal import Avro
internal import EventLoop
internal import Kafka
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The Kafka driver compared with the same loops in C, on the same brokers: keys of 30 bytes, values of 200. Topics have one
/// replica, so that clients are measured and not replication.
enum KafkaBench {
    private static let runs = 5
    static let messageCount = 500_000
    /// Larger, because a member gets its partitions one by one, which must not be measured.
    static let consumedCount = 2_000_000
    private static let partitionCount = 6
    private static let batchCount = 1_000
    /// Concurrent appends: below librdkafka's queue limit, which the twin fills.
    private static let appendCount = 64
    private static let readCount = 500
    private static let keyCount = 1_000

    static let rows = [
        BenchRow(name: "kafka.produce", unit: .perSecond) {
            try await inTurns($0, produce, "kafka_producer", messageCount)
        },
        BenchRow(name: "kafka.consume", unit: .perSecond) {
            try await inTurns($0, consume, "kafka_consumer", consumedCount)
        },
        BenchRow(name: "kafka.produce-allocations", unit: .perMessage) { hub in
            try await counted(hub, "kafka.produce-allocations", produce, "kafka_producer")
        },
        BenchRow(name: "kafka.consume-allocations", unit: .perMessage) { hub in
            try await counted(hub, "kafka.consume-allocations", consume, "kafka_consumer")
        },
    ]

    /// One run's result.
    private struct Run {
        var perSecond: Double
        var allocationsPerMessage: Double
    }

    private typealias Body = @Sendable (KafkaCluster, EventLoop, _ topic: String, _ count: Int) async throws -> Run

    // MARK: Rows

    private static func inTurns(
        _ hub: BenchHub, _ body: Body, _ twin: String, _ count: Int
    ) async throws -> Measurement {
        try await measure(hub, body, twin, count, runs: runs) { $0.perSecond }
    }

    /// In a separate process that counts allocations.
    private static func counted(_ hub: BenchHub, _ name: String, _ body: Body, _ twin: String) async throws
        -> Measurement
    {
        if allocationCount != nil {
            return try await measure(hub, body, twin, messageCount, runs: 1) { $0.allocationsPerMessage }
        }
        guard let twins = BenchHub.twins else {
            throw BenchLack("run `make bench`, which builds the allocation counter")
        }
        let process = try ChildProcess(
            [ChildProcess.ownProgram, "bench", name, "--json"],
            environment: [
                "LD_PRELOAD": "\(twins)/allocations.so", "KAFKA_BOOTSTRAP_SERVERS": try await hub.kafka().servers,
            ])
        guard let row = try process.line().map({ try JSONTree(parsing: $0) }), let value = row["value"]?.double else {
            throw CommandFailure("the allocations of \(name) were not counted")
        }
        return Measurement([value], twin: row["twin"]?.double.map { [$0] } ?? [])
    }

    /// In turns, so that other load affects both.
    private static func measure(
        _ hub: BenchHub, _ body: Body, _ twin: String, _ count: Int, runs: Int, _ figure: (Run) -> Double
    ) async throws -> Measurement {
        let servers = try await hub.kafka().servers
        return try await withTopic(hub) { cluster, loop, topic in
            var values: [Double] = [], twins: [Double] = []
            for _ in 0..<runs {
                values.append(figure(try await body(cluster, loop, topic, count)))
                if let run = try self.twin(twin, count, servers, topic) { twins.append(figure(run)) }
            }
            return Measurement(values, twin: twins)
        }
    }

    /// Calls `body` with a new topic that holds more messages than it consumes: near the end of a partition brokers delay readers.
    static func withTopic(
        _ hub: BenchHub, _ body: (KafkaCluster, EventLoop, _ topic: String) async throws -> Measurement
    ) async throws -> Measurement {
        let cluster = try await hub.kafka().cluster()
        let loops = try EventLoopGroup(count: 1, name: "bench")
        let loop = loops.next()
        let topic = try await makeTopic(cluster, loop)
        _ = try await produce(cluster, loop, topic, consumedCount + messageCount)
        let measurement = try await body(cluster, loop, topic)
        try await removeTopic(topic, cluster, loop)
        cluster.close()
        await loops.shutdown()
        return measurement
    }

    private static func twin(_ name: String, _ count: Int, _ servers: String, _ topic: String) throws -> Run? {
        guard let folder = BenchHub.twins else { return nil }
        let process = try ChildProcess(
            ["\(folder)/\(name)", servers, topic, "\(count)", unique("twin")],
            environment: allocationCount == nil ? [:] : ["LD_PRELOAD": "\(folder)/allocations.so"])
        let words = process.line()?.split(separator: " ").compactMap { Double($0) } ?? []
        guard words.count == 2 else { throw CommandFailure("\(name) returned no result") }
        return Run(perSecond: words[0], allocationsPerMessage: words[1])
    }

    // MARK: Topics

    private static func makeTopic(_ cluster: KafkaCluster, _ loop: EventLoop) async throws -> String {
        let topic = KafkaTopicSpec(
            name: unique("bench"), partitionCount: partitionCount, replication: 1,
            configs: ["min.insync.replicas": "1"])
        try await administer(cluster, loop) { try await $0.createTopics([topic], within: .seconds(30)) }
        return topic.name
    }

    private static func removeTopic(_ topic: String, _ cluster: KafkaCluster, _ loop: EventLoop) async throws {
        try await administer(cluster, loop) { try await $0.deleteTopics([topic], within: .seconds(30)) }
    }

    private static func administer(
        _ cluster: KafkaCluster, _ loop: EventLoop, _ body: (KafkaAdmin) async throws -> [String: KafkaError]
    ) async throws {
        let admin = try await cluster.administer(on: loop)
        let failures = try await body(admin)
        await admin.close(within: .seconds(10))
        if let failure = failures.first { throw failure.value }
    }

    static func unique(_ name: String) -> String { "\(name)-\(UInt32.random(in: .min ... .max))" }

    // MARK: Ours

    private static func produce(
        _ cluster: KafkaCluster, _ loop: EventLoop, _ topic: String, _ count: Int
    ) async throws -> Run {
        let producer = cluster.makeProducer(on: loop)
        let keys = (0..<keyCount).map { Array("usr_\(String(repeating: "0", count: 26 - String($0).count))\($0)".utf8) }
        var random: UInt32 = 1
        let values = (0..<keyCount).map { _ in
            (0..<200).map { _ in
                random = random &* 1_664_525 &+ 1_013_904_223
                return UInt8(random >> 28)
            }
        }
        let append: @Sendable () async throws -> Void = {
            var records = KafkaRecords()
            records.reserveCapacity(batchCount, bytesCount: batchCount * 230)
            for index in 0..<batchCount {
                records.append(topic: topic, key: keys[index % keyCount], value: values[index % keyCount])
            }
            for case .unconfirmed(let error) in await producer.append(records, within: .seconds(60)) { throw error }
        }
        // Connects and loads all partitions. A broker may not know a new topic for a moment.
        let end = ContinuousClock.now + .seconds(30)
        while true {
            do {
                try await append()
                break
            } catch let error as KafkaError where error.kind == .unknownTopic && ContinuousClock.now < end {
                try await loop.sleep(for: .milliseconds(200))
            }
        }
        let span = Span()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count / batchCount {
                if index >= appendCount { try await group.next() }
                group.addTask(executorPreference: loop) { try await append() }
            }
            try await group.waitForAll()
        }
        let run = span.end(count)
        await producer.close(within: .seconds(10))
        return run
    }

    /// Measured from the first batch to the last: the time to join is excluded.
    private static func consume(
        _ cluster: KafkaCluster, _ loop: EventLoop, _ topic: String, _ count: Int
    ) async throws -> Run {
        let consumer = try await cluster.subscribe(KafkaMembership(group: unique("bench"), topics: [topic]), on: loop)
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for await event in consumer.events {
                guard case .assigned(let lanes) = event else { continue }
                for lane in lanes {
                    group.addTask(executorPreference: loop) {
                        try await lane.start(at: 0)
                        while let batch = try await lane.next(countMax: readCount) {
                            if tally.add(batch, until: count) { return await consumer.close(within: .seconds(10)) }
                        }
                        await lane.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        guard let run = tally.run else { throw CommandFailure("not all messages were read") }
        return run
    }

    /// The sum over a consumer's lanes.
    private final class Tally: Sendable {
        private struct State {
            var span: Span?
            var count = 0
            var sum = 0
            var run: Run?
        }
        private let state = Mutex(State())

        var run: Run? { state.withLock { $0.run } }

        /// - Returns: whether this was the last.
        func add(_ batch: KafkaBatch, until count: Int) -> Bool {
            state.withLock { state in
                if state.run != nil { return false }
                if state.span == nil { state.span = Span() }
                for record in batch {
                    record.withValue { bytes in
                        if let bytes, let first = bytes.first { state.sum &+= bytes.count + Int(first) }
                    }
                }
                state.count += batch.count
                if state.count >= count { state.run = state.span?.end(state.count) }
                return state.run != nil
            }
        }
    }

    /// A measurement under way.
    private struct Span {
        private let start = ContinuousClock.now
        private let allocations = allocationCount ?? 0

        func end(_ count: Int) -> Run {
            let allocations = (allocationCount ?? 0) - allocations
            return Run(
                perSecond: Double(count) / (start.duration(to: .now) / .seconds(1)),
                allocationsPerMessage: Double(allocations) / Double(count))
        }
    }
}

/// Blocks allocated so far by this process; nil unless `bench/allocations.c` was loaded before everything else.
private var allocationCount: UInt64? { dlsym(nil, "bench_allocation_count")?.load(as: UInt64.self) }

extension JSONTree {
    fileprivate var double: Double? {
        guard case .number(let digits) = self else { return nil }
        return Double(digits)
    }
}
