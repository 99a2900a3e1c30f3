import EventLoop
import HubTesting
import Kafka
import Testing

/// Changes of a running group.
@Suite struct GroupTests {
    private static let limit = Duration.seconds(30)

    @Test(arguments: Place.real)
    func `the new partitions of a topic that has grown are handed out`(on place: Place) async throws {
        try await KafkaWorld.with(place, configure: { $0.metadataInterval = .milliseconds(500) }) { world in
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                try await world.administering { admin in
                    let larger = KafkaTopicSpec(name: world.topic, partitionCount: 2, replication: 3)
                    let errors = try await admin.growTopics([larger], within: Self.limit)
                    #expect(errors == [:])
                }
                let new = try await consumer.nextLanes()
                #expect(new.map(\.partition) == [world.partition(1)])
                try await new[0].start(at: 0)
                try await world.append(["a"], partition: 1)
                #expect(try await new[0].values(1) == ["a"])
                for lane in [lane] + new { await lane.release() }
            }
        }
    }

    /// The broker that the group's leader queries may not know the topic yet; one of these attempts hits that case.
    @Test(arguments: Place.real)
    func `a new topic is assigned to its members`(on place: Place) async throws {
        for _ in 0..<20 {
            try await KafkaWorld.with(place, partitionCount: 3, isSettled: false) { world in
                try await world.consuming { consumer in
                    let lanes = try await withTimeout(
                        Self.limit, on: world.loop, onTimeout: { KafkaError(.timedOut, "no lanes came") },
                        { try await consumer.nextLanes() })
                    #expect(lanes.count == 3)
                    for lane in lanes { await lane.release() }
                }
            }
        }
    }

    @Test(arguments: Place.real)
    func `a partition that was revoked before its start is not started, and can be held again`(on place: Place)
        async throws
    {
        try await KafkaWorld.with(place, partitionCount: 2) { world in
            try await world.consuming { one in
                let lanes = try await one.nextLanes()
                let revoked = try await world.consuming { two in
                    let other = try await two.nextLane()
                    let revoked = try #require(try await Self.firstRevoked(of: lanes))
                    #expect(revoked.partition == other.partition)
                    await #expect(throws: KafkaError.self) { try await revoked.start(at: 0) }
                    await revoked.release()
                    await other.release()
                    return revoked.partition
                }
                let again = try await one.nextLane()
                #expect(again.partition == revoked)
                try await again.start(at: 0)
                try await world.append(["a"], partition: revoked.number)
                #expect(try await again.values(1) == ["a"])
                for lane in lanes + [again] { await lane.release() }
            }
        }
    }

    @Test(arguments: Place.real)
    func `a static member that returns keeps its partitions`(
        on place: Place
    ) async throws {
        try await KafkaWorld.with(place, partitionCount: 2) { world in
            try await world.consuming({ $0.instanceID = "one" }) { one in
                let lanes = try await one.nextLanes()
                for lane in lanes { try await lane.start(at: 0) }
                let revoked = Task { try await Self.firstRevoked(of: lanes) }
                let taken = try await world.consuming({ $0.instanceID = "two" }) { two in
                    await (try await revoked.value)?.release()
                    let lane = try await two.nextLane()
                    try await lane.start(at: 0)
                    await lane.release()
                    return lane.partition
                }
                try await world.consuming({ $0.instanceID = "two" }) { two in
                    let lane = try await two.nextLane()
                    #expect(lane.partition == taken)
                    let kept = try #require(lanes.first { $0.partition != taken })
                    try await world.append(["a"], partition: kept.partition.number)
                    #expect(try await kept.values(1) == ["a"])
                    await lane.release()
                    await kept.release()
                }
            }
        }
    }

    private static func firstRevoked(of lanes: [KafkaLane]) async throws -> KafkaLane? {
        try await withThrowingTaskGroup(of: KafkaLane.self) { group in
            for lane in lanes {
                group.addTask {
                    _ = try await lane.whenRevoked()
                    return lane
                }
            }
            defer { group.cancelAll() }
            return try await group.next()
        }
    }

    @Test(arguments: Place.real)
    func `a deleted topic is reported, and the member continues`(on place: Place) async throws {
        try await KafkaWorld.with(place, configure: { $0.metadataInterval = .milliseconds(500) }) { world in
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                let reading = Task {
                    while try await lane.next(countMax: 1) != nil {}
                }
                try await world.administering { admin in
                    let errors = try await admin.deleteTopics([world.topic], within: Self.limit)
                    #expect(errors == [:])
                }
                var told: KafkaError?
                for await event in consumer.events {
                    if case .failed(let error) = event, error.kind == .unknownTopic {
                        told = error
                        break
                    }
                }
                #expect(told?.message.contains(world.topic) == true, "\(String(describing: told))")
                await lane.release()
                _ = await reading.result
            }
        }
    }
}
