import HubTesting
import Kafka
import Testing

@Suite struct ProducerTests {
    @Test(arguments: Place.all)
    func `records are accepted in their order`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.producing { producer in
                let outcomes = await producer.append(world.records(["a", "b", "c"]), within: .seconds(30))
                #expect(outcomes == (0..<3).map { .accepted(partition: 0, offset: $0) })
            }
        }
    }

    @Test(arguments: Place.all)
    func `a key lands in the partition that Kafka's own clients choose`(on place: Place) async throws {
        // murmur2("21") is -973932308, murmur2("foobar") is -790332482: the vectors of Kafka's UtilsTest.
        let expected = ["21": (-973_932_308 & 0x7fff_ffff) % 5, "foobar": (-790_332_482 & 0x7fff_ffff) % 5]
        try await KafkaWorld.with(place, partitionCount: 5) { world in
            try await world.producing { producer in
                for (key, partition) in expected {
                    let outcomes = await producer.append(world.records(["a"], key: key), within: .seconds(30))
                    #expect(outcomes == [.accepted(partition: partition, offset: 0)])
                }
            }
        }
    }

    @Test(arguments: Place.all)
    func `records that name their partition and records that do not go in one call`(on place: Place) async throws {
        try await KafkaWorld.with(place, partitionCount: 3) { world in
            try await world.producing { producer in
                var records = world.records(["a"], partition: 2)
                records.append(topic: world.topic, key: Array("21".utf8), value: [1])
                records.append(topic: world.topic, partition: 1, key: nil, value: nil)
                let outcomes = await producer.append(records, within: .seconds(30))
                #expect(outcomes.map(\.isAccepted) == [true, true, true])
                #expect(outcomes[0] == .accepted(partition: 2, offset: 0))
                #expect(outcomes[2] == .accepted(partition: 1, offset: 0))
            }
        }
    }

    @Test(arguments: Place.all)
    func `a topic that stays unknown is refused, and records for other topics are accepted`(on place: Place)
        async throws
    {
        try await KafkaWorld.with(place, configure: { $0.unknownTopicWait = .milliseconds(500) }) { world in
            try await world.producing { producer in
                var records = world.records(["a"])
                // The mock cluster creates every topic with a valid name.
                records.append(topic: place.isMock ? "not a topic!" : "nobody.made.this", key: nil, value: [1])
                let outcomes = await producer.append(records, within: .seconds(30))
                if place.isMock {
                    #expect(outcomes[0].isAccepted)
                    return
                }
                #expect(outcomes[1].doubt == .unknownTopic, "\(outcomes[1])")
                try await eventually("the topic counts as missing") {
                    let outcomes = await producer.append(records, within: .seconds(30))
                    return outcomes[0].isAccepted && outcomes[1].refusal == .unknownTopic
                }
            }
        }
    }

    /// The error of a broker that has just started or lags behind.
    @Test func `a temporarily unknown topic loses no record and no order`() async throws {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                #expect(await producer.append(world.records(["a"]), within: .seconds(30)).areAccepted)
                world.mock?.setUnknown(world.topic, true)
                world.mock?.fail(.produce, with: .notLeader, count: 5)
                let unknown = await producer.append(world.records(["b", "c"]), within: .seconds(30))
                // Newer versions of librdkafka than 2.0.2 often retry without a look at the topic, and then succeed.
                #expect(unknown.allSatisfy { $0.doubt == .unknownTopic || $0.isAccepted }, "\(unknown)")
                world.mock?.setUnknown(world.topic, false)
                let again = await producer.append(world.records(["b", "c"]), within: .seconds(30))
                let offsets = again.compactMap { if case .accepted(_, let offset) = $0 { offset } else { nil } }
                try #require(offsets.count == 2, "\(again)")
                #expect(offsets[0] < offsets[1])
            }
        }
    }

    @Test(arguments: Place.all)
    func `a record that is too large is refused without the others of its batch`(on place: Place) async throws {
        try await KafkaWorld.with(place, configure: { $0.producer.recordBytesMax = 10_000 }) { world in
            try await world.producing { producer in
                var records = world.records(["a"])
                records.append(topic: world.topic, key: nil, value: Array(repeating: 1, count: 20_000))
                records.append(topic: world.topic, key: nil, value: [1])
                let outcomes = await producer.append(records, within: .seconds(30))
                #expect(outcomes.map(\.isAccepted) == [true, false, true])
                #expect(outcomes[1].refusal == .tooLarge)
            }
        }
    }

    @Test(arguments: Place.real)
    func `records refused because of another record are retried alone`(on place: Place) async throws {
        // Incompressible, so that the topic's limit is met by the large record alone, and by the batch.
        let configs = ["max.message.bytes": "20000"]
        try await KafkaWorld.with(place, configs: configs, configure: { $0.producer.compression = "none" }) { world in
            try await world.producing { producer in
                var records = world.records(["a", "b"])
                records.append(topic: world.topic, key: nil, value: Array(repeating: 1, count: 50_000))
                records.append(topic: world.topic, key: nil, value: [1])
                let outcomes = await producer.append(records, within: .seconds(30))
                #expect(outcomes.map(\.isAccepted) == [true, true, false, true], "\(outcomes)")
                #expect(outcomes[2].refusal == .tooLarge)
            }
        }
    }

    @Test func `a batch that was refused once is accepted at its second attempt`() async throws {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                world.mock?.fail(.produce, with: .tooLarge)
                let outcomes = await producer.append(world.records(["a", "b"]), within: .seconds(30))
                #expect(outcomes.map(\.isAccepted) == [true, true], "\(outcomes)")
            }
        }
    }

    @Test func `after a batch that a broker rejects, no later one of its partition is accepted`() async throws {
        try await KafkaWorld.with(.mock, configure: { $0.producer.batchCountMax = 1 }) { world in
            try await world.producing { producer in
                #expect(await producer.append(world.records(["a"]), within: .seconds(30)).areAccepted)
                world.mock?.fail(.produce, with: .unknownError)
                // As brokers respond to a batch that was sent before the response.
                world.mock?.fail(.produce, with: .outOfOrder)
                let outcomes = await producer.append(world.records(["b", "c"]), within: .seconds(30))
                #expect(outcomes.allSatisfy { $0.doubt != nil }, "\(outcomes)")
            }
        }
    }

    @Test func `a moved leader causes no failure`() async throws {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                world.mock?.fail(.produce, with: .notLeader, count: 3)
                let outcomes = await producer.append(world.records(["a"]), within: .seconds(30))
                #expect(outcomes.areAccepted, "\(outcomes)")
            }
        }
    }

    @Test func `during an outage records are unconfirmed at the deadline, and later ones are accepted`()
        async throws
    {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                world.mock?.setDown(true)
                let outcomes = await producer.append(world.records(["a", "b"]), within: .milliseconds(700))
                #expect(outcomes.map(\.doubt) == [.timedOut, .timedOut])
                world.mock?.setDown(false)
                let later = await producer.append(world.records(["c"]), within: .seconds(30))
                #expect(later.areAccepted, "\(later)")
            }
        }
    }

    @Test func `a producer with a fatal error is replaced`() async throws {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                let first = await producer.append(world.records(["a"]), within: .seconds(30))
                #expect(first.areAccepted)
                // The cluster revokes the right for idempotence, which is a fatal error of the producer.
                world.mock?.fail(.produce, with: .clusterForbidden)
                let second = await producer.append(world.records(["b"]), within: .seconds(30))
                #expect(second.count == 1)
                let third = await producer.append(world.records(["c"]), within: .seconds(30))
                #expect(third.areAccepted, "\(third)")
            }
        }
    }

    @Test(arguments: Place.all)
    func `records wait when librdkafka's queue is full, and all are accepted`(on place: Place) async throws {
        try await KafkaWorld.with(place, partitionCount: 3, configure: { $0.producer.waitingCountMax = 100 }) { world in
            try await world.producing { producer in
                try await withThrowingTaskGroup(of: [KafkaOutcome].self) { group in
                    for call in 0..<5 {
                        let records = world.records((0..<1_000).map { "\(call) \($0)" }, key: "\(call)")
                        group.addTask { await producer.append(records, within: .seconds(60)) }
                    }
                    for try await outcomes in group {
                        #expect(outcomes.areAccepted)
                        let offsets = outcomes.compactMap(\.offset)
                        #expect(offsets == offsets.sorted())
                    }
                }
            }
        }
    }

    @Test func `a cancelled call returns at once, its records unconfirmed`() async throws {
        try await KafkaWorld.with(.mock) { world in
            try await world.producing { producer in
                world.mock?.setDown(true)
                let records = world.records(["a"])
                let call = Task { await producer.append(records, within: .seconds(60)) }
                call.cancel()
                #expect(await call.value.map(\.doubt) == [.closed])
                world.mock?.setDown(false)
            }
        }
    }

    @Test func `a producer can be released without close`() async throws {
        try await KafkaWorld.with(.mock) { world in
            do {
                let producer = world.cluster.makeProducer(on: world.loop)
                #expect(await producer.append(world.records(["a"]), within: .seconds(30)).areAccepted)
            }
            // Its client does not report that.
            world.mock?.setDown(true)
            try await world.producing { producer in
                let outcomes = await producer.append(world.records(["b"]), within: .seconds(1))
                #expect(outcomes.allSatisfy { $0.doubt == .timedOut }, "\(outcomes)")
            }
            world.mock?.setDown(false)
        }
    }

    @Test func `a closed producer refuses records`() async throws {
        try await KafkaWorld.with(.mock) { world in
            let producer = world.cluster.makeProducer(on: world.loop)
            await producer.close(within: .seconds(10))
            #expect(await producer.append(world.records(["a"]), within: .seconds(1)).map(\.doubt) == [.closed])
        }
    }

    @Test func `unknown librdkafka settings are reported`() async throws {
        try await KafkaWorld.with(.mock, configure: { $0.settings = [.init("no.such.setting", "1")] }) { world in
            try await world.producing { producer in
                let outcomes = await producer.append(world.records(["a"]), within: .seconds(5))
                guard case .unconfirmed(let error) = outcomes[0] else { return #expect(Bool(false), "\(outcomes)") }
                #expect(error.kind == .invalid && error.message.contains("no.such.setting"), "\(error)")
            }
        }
    }
}

extension Place {
    var isMock: Bool { if case .mock = self { true } else { false } }
}
