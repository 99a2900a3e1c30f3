import EventLoop
import Foundation
import HubTesting
import Kafka
@testable import Messaging
import Observability
import Synchronization
import Testing

/// Questions to brokers that cannot answer at the moment.
@Suite struct KafkaAttemptTests {
    private func log(passingMax: Duration) throws -> KafkaLog {
        var limits = KafkaLog.Limits()
        limits.passingMax = passingMax
        return try KafkaLog(
            KafkaConfiguration(bootstrapServers: "127.0.0.1:9"), loops: TestLoops.shared, limits: limits,
            logger: Logger(label: "test", level: .error, sink: LogRecorder()))
    }

    private func ask(_ log: KafkaLog, failing error: KafkaError, times: Int) async -> (
        outcome: Result<Int, any Error>, count: Int
    ) {
        let count = Mutex(0)
        let outcome: Result<Int, any Error>
        do {
            outcome = .success(
                try await log.attempt { _ in
                    let number = count.withLock { count in
                        count += 1
                        return count
                    }
                    if number <= times { throw error }
                    return number
                })
        } catch {
            outcome = .failure(error)
        }
        await log.close()
        return (outcome, count.withLock { $0 })
    }

    @Test func `the administration is opened again after a failure`() async throws {
        let loop = TestLoops.shared.next()
        let certificates = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID())").path
        let cluster = try KafkaCluster(
            KafkaConfiguration(
                bootstrapServers: "127.0.0.1:9",
                settings: [.init("security.protocol", "ssl"), .init("ssl.ca.location", certificates)]),
            logger: Logger(label: "test", level: .error, sink: LogRecorder()))
        let administration = KafkaAdministration(cluster, on: loop)
        await #expect(throws: KafkaError.self) { try await administration.open() }
        try FileManager.default.createDirectory(atPath: certificates, withIntermediateDirectories: false)
        _ = try await administration.open()
        await administration.close(within: .seconds(10))
        cluster.close()
        try FileManager.default.removeItem(atPath: certificates)
    }

    /// After a change of the leader the log ends earlier for a moment.
    @Test func `a group whose place is in the log again goes on there`() {
        let partition = KafkaPartition("topic", 1)
        func error(_ offset: Int64) -> EventLogError {
            EventLogError(KafkaGap(partition: partition, offset: offset, kept: 10..<15))
        }
        #expect(error(12) == .gap(TopicPartition("topic", 1), firstKept: 12))
        #expect(error(3) == .gap(TopicPartition("topic", 1), firstKept: 10))
        #expect(error(16) == .truncated(TopicPartition("topic", 1), end: 15))
    }

    @Test func `a broker without a known coordinator is asked again`() async throws {
        let error = KafkaError(.passing, "Broker: Not coordinator", code: "NOT_COORDINATOR")
        let (outcome, count) = await ask(try log(passingMax: .seconds(10)), failing: error, times: 2)
        #expect(try outcome.get() == 3 && count == 3)
    }

    @Test func `the retries of a coordinator query are limited`() async throws {
        let error = KafkaError(.passing, "Broker: Not coordinator", code: "NOT_COORDINATOR")
        let (outcome, count) = await ask(try log(passingMax: .milliseconds(250)), failing: error, times: .max)
        #expect(throws: EventLogError.unavailable("\(error)")) { try outcome.get() }
        #expect(count == 2)
    }

    @Test(arguments: [
        KafkaError(.passing, "Local: Broker transport failure", code: "_TRANSPORT"),
        KafkaError(.unauthorized, "Broker: Group authorization failed", code: "GROUP_AUTHORIZATION_FAILED"),
    ])
    func `permanent errors and errors of librdkafka are reported at once`(_ error: KafkaError) async throws {
        let (outcome, count) = await ask(try log(passingMax: .seconds(10)), failing: error, times: 1)
        #expect(throws: EventLogError.self) { try outcome.get() }
        #expect(count == 1)
    }
}
