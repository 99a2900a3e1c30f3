import Contracts
import Foundation
import HubTesting
import Kafka
import Messaging
import Observability
import SystemTesting
import Testing

/// A Kafka cluster that other programs use too: their topics and groups are none of the hub's business.
@Suite(.serialized) struct SharedClusterTests {
    private static let topic = "elsewhere.orders", group = "elsewhere", deadLetters = "elsewhere.dlq"

    /// Another program: a group that is far behind on a topic with one copy.
    private func playAnotherProgram(on servers: String) async throws {
        let log = try KafkaLog(
            KafkaConfiguration(bootstrapServers: servers), loops: TestLoops.shared,
            logger: Logger(label: "test", sink: LogRecorder()))
        try await log.apply(
            try await log.plan(
                [Self.topic, Self.deadLetters].map {
                    TopicSettings(
                        name: $0, partitionCount: 3, retention: .seconds(86_400), replicationCount: 1,
                        inSyncReplicasMin: 1)
                }))
        let old = NewRecord(
            topic: Self.topic, partition: 0, key: Array("k".utf8),
            headers: [RecordHeader(HeaderName.correlationID, "req_elsewhere")], value: [1],
            time: Date(timeIntervalSinceNow: -3_600))
        try await eventually("the record is there") {
            if case .accepted? = await log.append([old]).first { true } else { false }
        }
        try await log.resetOffsets(of: Self.group, to: [TopicPartition(Self.topic, 0): 0])
        await log.close()
    }

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"))
    func `doctor, groups, topics and trace judge and show the hub's own`() async throws {
        let cluster = try await TestKafka.start(try #require(TestKafka.versions.last))
        let hub = try await HubUnderTest.inOneProcess(["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers])
        #expect(try await hub.client.register("ada@example.com").status == 201)
        try await eventually(within: .seconds(60), "the hub's groups are there") {
            try await hub.command(["groups", "list"]).output.contains("gamification")
        }
        try await playAnotherProgram(on: cluster.bootstrapServers)
        let doctor = try await hub.command(["doctor"])
        #expect(doctor.code == 0 && !doctor.output.contains(Self.group), "\(doctor.output)")
        for command in [["groups", "list"], ["groups", "describe"], ["topics", "list", "--all"], ["dlq", "list"]] {
            let shown = try await hub.command(command)
            #expect(shown.code == 0 && !shown.output.contains(Self.group), "\(shown)")
        }
        for command in [
            ["groups", "describe", Self.group], ["groups", "reset", Self.group, "--to", "end", "--yes"],
            ["topics", "describe", Self.topic], ["topics", "tail", Self.topic, "--from-beginning"],
            ["dlq", "discard", "\(Self.group)/0/0", "--yes"], ["trace", "req_elsewhere"],
        ] {
            let refused = try await hub.command(command)
            #expect(refused.code == 1 && refused.output.isEmpty, "\(command): \(refused)")
        }
        let other = try await HubUnderTest.inOneProcess(["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers])
        try await eventually(within: .seconds(60), "doctor notices another hub on the cluster") {
            let found = try await hub.command(["doctor"])
            return found.code == 0 && found.output.contains("has 2 members, but this hub has 1 process of its service")
        }
        #expect(try await other.stop() == [0])
        // Their topics have no leader now; the hub's have one copy less.
        try await cluster.kill(3)
        try await eventually(within: .seconds(180), "the others have noticed") {
            try await hub.command(["doctor"]).output.contains("too few in-sync replicas")
        }
        let less = try await hub.command(["doctor"]).output
        #expect(!less.contains("have no leader") && !less.contains(Self.topic), "\(less)")
        #expect(try await hub.stop() == [0])
        try await cluster.stop()
    }
}
