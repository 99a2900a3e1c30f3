import HubTesting
import Kafka
import Testing

@Suite struct AdminTests {
    private static let limit = Duration.seconds(30)

    @Test(arguments: Place.real)
    func `the brokers and their controller are listed`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.administering { admin in
                let brokers = try await admin.brokers(within: Self.limit)
                #expect(brokers.brokers.map(\.id) == [1, 2, 3])
                #expect((1...3).contains(brokers.controller ?? 0))
            }
        }
    }

    @Test(arguments: Place.real)
    func `a topic is created, described, grown, changed and deleted`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.administering { admin in
                let name = "\(world.topic).more"
                let spec = KafkaTopicSpec(
                    name: name, partitionCount: 3, replication: 3,
                    configs: ["retention.ms": "86400000", "min.insync.replicas": "2"])
                #expect(try await admin.createTopics([spec], within: Self.limit) == [:])
                #expect(try await admin.createTopics([spec], within: Self.limit)[name]?.kind == .alreadyExists)

                // Brokers learn of it at different times, and any of them may be queried.
                func described() async throws -> KafkaTopic? {
                    try await admin.topics([name], within: Self.limit)[name]
                }
                let made = try await eventually(value: {
                    let topic = try await described()
                    return topic?.partitions.contains { $0.leader == nil } == false ? topic : nil
                })
                #expect(made.partitions.count == 3)
                #expect(made.partitions.allSatisfy { $0.replicas.count == 3 })
                #expect(made.configs["retention.ms"] == "86400000")
                #expect(made.ownConfigs == ["retention.ms", "min.insync.replicas"])

                var larger = spec
                larger.partitionCount = 5
                #expect(try await admin.growTopics([larger], within: Self.limit) == [:])
                try await eventually { try await described()?.partitions.count == 5 }

                #expect(try await admin.setConfigs([name: ["retention.ms": "3600000"]], within: Self.limit) == [:])
                // Settings that were not named are unchanged.
                try await eventually {
                    let topic = try await described()
                    return topic?.configs["retention.ms"] == "3600000"
                        && topic?.ownConfigs == ["retention.ms", "min.insync.replicas"]
                }

                #expect(try await admin.deleteTopics([name], within: Self.limit) == [:])
                try await eventually { try await described() == nil }
                #expect(try await admin.deleteTopics([name], within: Self.limit)[name]?.kind == .unknownTopic)
            }
        }
    }

    @Test(arguments: Place.real)
    func `an impossible change is reported for each topic`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.administering { admin in
                let errors = try await admin.createTopics(
                    [
                        .init(name: "\(world.topic).four", partitionCount: 1, replication: 4),
                        .init(name: "\(world.topic).no", partitionCount: 1, replication: 3, configs: ["no.such": "1"]),
                        .init(name: "not a name!", partitionCount: 1, replication: 3),
                    ], within: Self.limit)
                #expect(
                    errors.mapValues(\.kind) == [
                        "\(world.topic).four": .invalid, "\(world.topic).no": .invalid, "not a name!": .invalid,
                    ])
            }
        }
    }

    @Test(arguments: Place.real)
    func `watermarks, offsets of times and the removal of records agree`(on place: Place) async throws {
        try await KafkaWorld.with(place, partitionCount: 2) { world in
            var records = KafkaRecords()
            for time in [1_000, 2_000, 3_000] as [Int64] {
                // Long ago by the clock: retention looks at segments, and these are still open.
                records.append(
                    topic: world.topic, partition: 0, key: nil, value: [1], timestamp: 4_000_000_000_000 + time)
            }
            try await world.producing { producer in
                let outcomes = await producer.append(records, within: Self.limit)
                #expect(outcomes.areAccepted)
            }
            try await world.administering { admin in
                let both = [world.partition(0), world.partition(1)]
                let before = try await admin.watermarks(of: both, within: Self.limit)
                #expect(before == [world.partition(0): 0..<3, world.partition(1): 0..<0])
                let at = try await admin.offsets(
                    at: [world.partition(0): 4_000_000_002_000, world.partition(1): 0], within: Self.limit)
                #expect(at == [world.partition(0): 1])
                #expect(try await admin.deleteRecords(before: [world.partition(0): 2], within: Self.limit) == [:])
                let after = try await admin.watermarks(of: both, within: Self.limit)
                #expect(after[world.partition(0)] == 2..<3)
            }
        }
    }

    @Test(arguments: Place.real)
    func `groups are listed and described, their offsets read and set, and they are deleted`(
        on place: Place
    ) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.administering { admin in
                try await world.consuming { consumer in
                    let lane = try await consumer.nextLane()
                    try await lane.start(at: 0)
                    try await eventually {
                        let group = try await admin.describeGroups([world.group], within: Self.limit)[world.group]
                        return group?.state == "Stable" && group?.members.map(\.partitions) == [[world.partition()]]
                    }
                    #expect(try await admin.groups(within: Self.limit).contains(world.group))
                    await #expect(throws: KafkaError.self) {
                        try await admin.setCommittedOffsets(
                            of: world.group, to: [world.partition(): 1], within: Self.limit)
                    }
                    #expect(
                        try await admin.deleteGroups([world.group], within: Self.limit)[world.group]?.kind
                            == .groupInUse)
                    lane.acknowledge(3)
                    await lane.release()
                }
                try await admin.setCommittedOffsets(of: world.group, to: [world.partition(): 1], within: Self.limit)
                let offsets = try await admin.committedOffsets(of: world.group, within: Self.limit)
                #expect(offsets == [world.partition(): 1])
                #expect(try await admin.deleteGroups([world.group], within: Self.limit) == [:])
                #expect(
                    try await admin.deleteGroups([world.group], within: Self.limit)[world.group]?.kind
                        == .unknownGroup)
                let gone = try await admin.describeGroups([world.group], within: Self.limit)
                #expect(gone[world.group]?.state == "Dead")
            }
        }
    }

    @Test func `an outage of the brokers is reported within the time limit`() async throws {
        try await KafkaWorld.with(.mock) { world in
            world.mock?.setDown(true)
            try await world.administering { admin in
                let error = await #expect(throws: KafkaError.self) {
                    try await admin.groups(within: .seconds(1))
                }
                #expect(error?.kind == .timedOut || error?.kind == .passing, "\(String(describing: error))")
                await #expect(throws: KafkaError.self) { try await admin.brokers(within: .seconds(1)) }
            }
            world.mock?.setDown(false)
        }
    }
}
