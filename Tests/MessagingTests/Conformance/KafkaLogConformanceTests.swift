import EventLoop
import HubTesting
import Kafka
import Messaging
import Observability
import Synchronization
import Testing

/// On real clusters of each version there is.
@Suite(.serialized) struct KafkaLogConformanceTests {
    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"), arguments: TestKafka.versions)
    func `the log on Kafka passes the conformance suite`(_ version: String) async throws {
        let factory = KafkaLogFactory(cluster: try await .shared(version))
        for behaviour in EventLogBehaviour.all where behaviour.needs.isSubset(of: factory.abilities) {
            let log = try await factory.connect()
            do {
                try await behaviour.check(LogUnderTest(log: log, factory: factory))
            } catch {
                Issue.record("on Kafka \(version), \(behaviour.sentence): \(error)")
            }
            await factory.closeAll()
        }
    }

    /// Any broker may be queried, and brokers learn of a new topic at different times.
    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"), arguments: TestKafka.versions)
    func `a temporarily unknown topic is requested again`(_ version: String) async throws {
        let factory = KafkaLogFactory(cluster: try await .shared(version))
        let test = LogUnderTest(log: try await factory.connect(), factory: factory)
        async let reader = test.log.reader([TopicPartition(test.topic, 0): 0..<1])
        try await test.make(partitions: 1)
        try await test.append([test.record("k", "0")])
        _ = try await reader
        await factory.closeAll()
    }

    /// Brokers delete a topic earlier than the offsets of its groups.
    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"), arguments: TestKafka.versions)
    func `a group's offset of an earlier topic of the same name is ignored`(_ version: String) async throws {
        let factory = KafkaLogFactory(cluster: try await .shared(version))
        let test = LogUnderTest(log: try await factory.connect(), factory: factory)
        try await test.make(partitions: 1)
        try await test.append([test.record("k", "new")])
        // A new cluster creates the topic of the groups' offsets first.
        try await eventually(within: .seconds(60), "the group has an offset") {
            (try? await test.log.resetOffsets(of: test.group, to: [TopicPartition(test.topic, 0): 40])) != nil
        }
        let subscription = try await test.subscribe()
        let lease = try await test.lease(subscription)
        #expect(try await test.read(lease, 1).map(\.text) == ["new"])
        await subscription.close()
        await factory.closeAll()
    }
}

/// Each client is one of the cluster's own.
final class KafkaLogFactory: EventLogFactory {
    private let cluster: TestKafka
    private let clients = Mutex<[(log: KafkaLog, running: Task<Void, any Error>)]>([])

    init(cluster: TestKafka) { self.cluster = cluster }

    /// A killed member sends nothing more; faults of whole processes have separate tests.
    let abilities: Set<LogAbility> = []

    var limits: SubscriptionLimits {
        var limits = SubscriptionLimits()
        limits.leaseDuration = .seconds(6)
        limits.heartbeatInterval = .milliseconds(500)
        return limits
    }

    func connect() async throws -> any EventLog {
        var configuration = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
        configuration.metadataInterval = .seconds(1)
        configuration.unknownTopicWait = .seconds(5)
        let log = try KafkaLog(
            configuration, loops: TestLoops.shared,
            logger: Logger(label: "test", level: .warning, sink: LogRecorder()))
        let running = TestLoops.shared.next().start("log") { try await log.run() }
        clients.withLock { $0.append((log, running)) }
        return log
    }

    func kill(_ log: any EventLog) async {}

    func removeRecords(of partition: TopicPartition, below offset: Int64, _ log: any EventLog) async throws {
        let cluster = try KafkaCluster(
            .init(bootstrapServers: cluster.bootstrapServers),
            logger: Logger(label: "test", level: .warning, sink: LogRecorder()))
        let admin = try await cluster.administer(on: TestLoops.shared.next())
        let errors = try await admin.deleteRecords(
            before: [KafkaPartition(partition.topic, partition.partition): offset], within: .seconds(20))
        await admin.close(within: .seconds(5))
        cluster.close()
        if let error = errors.values.first { throw error }
    }

    func closeAll() async {
        let all = clients.withLock { clients in
            defer { clients = [] }
            return clients
        }
        for client in all {
            client.running.cancel()
            _ = await client.running.result
            await client.log.close()
        }
    }
}
