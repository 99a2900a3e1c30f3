import EventLoop
import Foundation
import HubTesting
import Kafka
import Observability
import Testing

/// Where a test runs: on librdkafka's mock cluster always, and on each real version that is here.
enum Place: Sendable, CustomTestStringConvertible {
    case mock
    case real(String)

    /// The newest version; all of them for `make test-kafka`. The log's own suite always runs on all.
    static let real: [Place] = {
        let isForAll = ProcessInfo.processInfo.environment["HUB_TEST_KAFKA"] == "all"
        return TestKafka.versions.suffix(isForAll ? .max : 1).map { .real($0) }
    }()
    static let all: [Place] = [.mock] + real

    var testDescription: String {
        switch self {
        case .mock: "the mock cluster"
        case .real(let version): "Kafka \(version)"
        }
    }
}

/// A cluster for a test: a new topic and group, and everything closed at the end.
final class KafkaWorld: Sendable {
    let cluster: KafkaCluster
    let mock: MockKafka?
    let loop = TestLoops.shared.next()
    /// Created for the test.
    let topic: String
    let group: String

    private init(cluster: KafkaCluster, mock: MockKafka?, name: String) {
        self.cluster = cluster
        self.mock = mock
        topic = "\(name).events"
        group = name
    }

    /// - Parameter isSettled: whether to wait until the brokers that lead the topic's partitions have heard of it.
    @discardableResult
    static func with<Result>(
        _ place: Place, partitionCount: Int = 1, configs: [String: String] = [:], isSettled: Bool = true,
        configure: (inout KafkaConfiguration) -> Void = { _ in },
        _ body: (KafkaWorld) async throws -> Result
    ) async throws -> Result {
        let mock: MockKafka?
        var configuration: KafkaConfiguration
        switch place {
        case .mock:
            let started = try MockKafka()
            mock = started
            configuration = KafkaConfiguration(bootstrapServers: started.bootstrapServers)
        case .real(let version):
            mock = nil
            configuration = KafkaConfiguration(
                bootstrapServers: try await TestKafka.shared(version).bootstrapServers)
        }
        configure(&configuration)
        let logger = Logger(label: "test", level: .error)
        let cluster = try KafkaCluster(configuration, logger: logger)
        defer { cluster.close() }
        let name = "test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let world = KafkaWorld(cluster: cluster, mock: mock, name: name)
        if let mock {
            try mock.createTopic(world.topic, partitionCount: partitionCount)
        } else {
            try await world.administering { admin in
                let spec = KafkaTopicSpec(
                    name: world.topic, partitionCount: partitionCount, replication: 3, configs: configs)
                let errors = try await admin.createTopics([spec], within: .seconds(30))
                #expect(errors == [:])
                if !isSettled { return }
                let partitions = (0..<partitionCount).map { world.partition($0) }
                try await eventually("the leaders of \(world.topic) know it") {
                    (try? await admin.watermarks(of: partitions, within: .seconds(10)))?.count == partitionCount
                }
            }
        }
        let result = try await body(world)
        withExtendedLifetime(mock) {}
        return result
    }

    func administering<Result>(_ body: (KafkaAdmin) async throws -> Result) async throws -> Result {
        let admin = try await cluster.administer(on: loop)
        do {
            let result = try await body(admin)
            await admin.close(within: .seconds(10))
            return result
        } catch {
            await admin.close(within: .seconds(10))
            throw error
        }
    }

    func producing<Result>(_ body: (KafkaProducer) async throws -> Result) async throws -> Result {
        let producer = cluster.makeProducer(on: loop)
        do {
            let result = try await body(producer)
            await producer.close(within: .seconds(10))
            return result
        } catch {
            await producer.close(within: .seconds(10))
            throw error
        }
    }

    /// - Parameter limit: the time limit for its end; the holders of its lanes are asked first.
    func consuming<Result>(
        _ change: (inout KafkaMembership) -> Void = { _ in }, _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        var membership = KafkaMembership(group: group, topics: [topic])
        change(&membership)
        let consumer = try await cluster.subscribe(membership, on: loop)
        do {
            let result = try await body(consumer)
            await consumer.close(within: .seconds(20))
            return result
        } catch {
            await consumer.close(within: .seconds(20))
            throw error
        }
    }

    /// Records of single values, keyed by `key`.
    func records(_ values: [String], key: String? = "key", partition: Int? = nil) -> KafkaRecords {
        var records = KafkaRecords()
        for value in values {
            records.append(
                topic: topic, partition: partition, key: key.map { Array($0.utf8) }, value: Array(value.utf8))
        }
        return records
    }

    /// Appends values and expects that all are accepted.
    func append(_ values: [String], partition: Int? = nil) async throws {
        try await producing { producer in
            let outcomes = await producer.append(records(values, partition: partition), within: .seconds(30))
            #expect(outcomes.areAccepted, "\(outcomes)")
        }
    }

    func partition(_ number: Int = 0) -> KafkaPartition { KafkaPartition(topic, number) }
}

extension KafkaOutcome {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }

    var refusal: KafkaError.Kind? { if case .refused(let error) = self { error.kind } else { nil } }

    var doubt: KafkaError.Kind? { if case .unconfirmed(let error) = self { error.kind } else { nil } }

    var offset: Int64? { if case .accepted(_, let offset) = self { offset } else { nil } }
}

extension [KafkaOutcome] {
    var areAccepted: Bool { allSatisfy { $0.isAccepted } }
}

extension KafkaConsumer {
    /// The lanes of the next assignment that has any.
    func nextLanes() async throws -> [KafkaLane] {
        for await event in events {
            if case .assigned(let lanes) = event { return lanes }
        }
        throw KafkaError(.closed, "no lanes came")
    }

    func nextLane() async throws -> KafkaLane { try #require(try await nextLanes().first) }
}

extension KafkaLane {
    /// So many values from here on.
    func values(_ count: Int) async throws -> [String] {
        var values: [String] = []
        while values.count < count, let batch = try await next(countMax: 100) { values += batch.texts }
        return values
    }
}

extension KafkaBatch {
    var texts: [String] { map { String(decoding: $0.value ?? [], as: UTF8.self) } }
}
