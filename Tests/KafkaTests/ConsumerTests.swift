import HubTesting
import Kafka
import Testing

@Suite struct ConsumerTests {
    @Test(arguments: Place.all)
    func `a member reads from its start position`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                #expect(lane.partition == world.partition())
                try await lane.start(at: 1)
                #expect(try await lane.values(2) == ["b", "c"])
                await lane.release()
            }
        }
    }

    @Test(arguments: Place.all)
    func `null, empty and binary keys, values and headers arrive unchanged, with their times`(
        on place: Place
    ) async throws {
        try await KafkaWorld.with(place) { world in
            let binary: [UInt8] = [0, 255, 128, 10]
            var records = KafkaRecords()
            records.append(topic: world.topic, partition: 0, key: nil, value: nil, timestamp: 1_700_000_000_123)
            records.append(topic: world.topic, partition: 0, key: [], value: [])
            records.append(topic: world.topic, partition: 0, key: binary, value: binary)
            records.appendHeader("null", nil)
            records.appendHeader("empty", [])
            records.appendHeader("twice", [1])
            records.appendHeader("twice", binary)
            try await world.producing { producer in
                let outcomes = await producer.append(records, within: .seconds(30))
                #expect(outcomes.areAccepted)
            }
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                var read: [KafkaRecord] = []
                while read.count < 3, let batch = try await lane.next(countMax: 10) { read += batch }
                #expect(read.map(\.key) == [nil, [], binary])
                #expect(read.map(\.value) == [nil, [], binary])
                #expect(read[0].timestamp == 1_700_000_000_123)
                #expect((read[1].timestamp ?? 0) > 1_700_000_000_123)
                #expect(read[2].headers.map(\.name) == ["null", "empty", "twice", "twice"])
                #expect(read[2].headers.map(\.value) == [nil, [], [1], binary])
                #expect(read[2].withLastHeader(named: "twice") { $0.map { Array($0) } } == binary)
                #expect(read[2].withLastHeader(named: "none") { $0 == nil })
                await lane.release()
            }
        }
    }

    @Test(arguments: Place.all)
    func `a batch outlives its lane and its consumer`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b"])
            let consumer = try await world.cluster.subscribe(
                .init(group: world.group, topics: [world.topic]), on: world.loop)
            let lane = try await consumer.nextLane()
            try await lane.start(at: 0)
            let batch = try #require(try await lane.next(countMax: 2))
            await lane.release()
            // It cannot end before the batch does.
            await consumer.close(within: .seconds(1))
            #expect(batch.texts == Array(["a", "b"].prefix(batch.count)))
        }
    }

    @Test(arguments: Place.all)
    func `a second member gets a partition after the first has finished with it`(on place: Place) async throws {
        try await KafkaWorld.with(place, partitionCount: 4) { world in
            try await world.consuming { first in
                let lanes = try await first.nextLanes()
                #expect(lanes.count == 4)
                for lane in lanes { try await lane.start(at: 0) }
                try await withThrowingTaskGroup(of: KafkaPartition.self) { group in
                    for lane in lanes {
                        group.addTask {
                            let revocation = try await lane.whenRevoked()
                            #expect(revocation == .handOver)
                            await lane.release()
                            return lane.partition
                        }
                    }
                    try await world.consuming { second in
                        let taken = try await second.nextLanes()
                        var given: Set<KafkaPartition> = []
                        for _ in taken { given.insert(try #require(try await group.next())) }
                        #expect(Set(taken.map(\.partition)) == given)
                        #expect(taken.count == 2)
                        for lane in taken { await lane.release() }
                        group.cancelAll()
                    }
                    do { for try await _ in group {} } catch is CancellationError {}
                }
                for lane in lanes { await lane.release() }
            }
        }
    }

    @Test(arguments: Place.all)
    func `a holder that does not return a partition in time loses it`(on place: Place) async throws {
        try await KafkaWorld.with(place, configure: { $0.consumer.handOverLimit = .milliseconds(200) }) { world in
            try await world.append(["a"])
            let consumer = try await world.cluster.subscribe(
                .init(group: world.group, topics: [world.topic]), on: world.loop)
            let lane = try await consumer.nextLane()
            try await lane.start(at: 0)
            #expect(try await lane.values(1) == ["a"])
            await consumer.close(within: .seconds(20))
            #expect(try await lane.whenRevoked() == .lost)
            #expect(try await lane.next(countMax: 1) == nil)
            await #expect(throws: KafkaError.self) { try await lane.start(at: 0) }
        }
    }

    @Test(arguments: Place.all)
    func `a lane returned voluntarily is offered again`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b"])
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                #expect(try await lane.values(1).first == "a")
                await lane.release()
                let again = try await consumer.nextLane()
                #expect(again !== lane)
                try await again.start(at: 1)
                #expect(try await again.values(1) == ["b"])
                await again.release()
            }
        }
    }

    @Test(arguments: Place.all)
    func `a lane can be started elsewhere`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 2)
                #expect(try await lane.values(1) == ["c"])
                try await lane.start(at: 0)
                #expect(try await lane.values(3) == ["a", "b", "c"])
                await lane.release()
            }
        }
    }

    @Test(arguments: Place.real)
    func `an offset deleted by retention is reported with the remaining range`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.administering { admin in
                let errors = try await admin.deleteRecords(before: [world.partition(): 2], within: .seconds(30))
                #expect(errors == [:])
            }
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                await #expect(throws: KafkaGap(partition: world.partition(), offset: 0, kept: 2..<3)) {
                    try await lane.next(countMax: 10)
                }
                try await lane.start(at: 2)
                #expect(try await lane.values(1) == ["c"])
                // After the end, as after the topic was created again.
                try await lane.start(at: 17)
                await #expect(throws: KafkaGap(partition: world.partition(), offset: 17, kept: 2..<3)) {
                    try await lane.next(countMax: 10)
                }
                await lane.release()
            }
        }
    }

    @Test(arguments: Place.real)
    func `acknowledged offsets are committed, at the latest when the member leaves`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                #expect(try await lane.values(3).count == 3)
                lane.acknowledge(2)
                try await world.administering { admin in
                    try await eventually {
                        try await admin.committedOffsets(of: world.group, within: .seconds(10)) == [
                            world.partition(): 2
                        ]
                    }
                }
                lane.acknowledge(3)
                await lane.release()
            }
            try await world.administering { admin in
                let offsets = try await admin.committedOffsets(of: world.group, within: .seconds(10))
                #expect(offsets == [world.partition(): 3])
            }
        }
    }

    @Test(arguments: Place.all)
    func `waiting for records ends with the task`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                let waiting = Task { try await lane.next(countMax: 1) }
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
                await lane.release()
            }
        }
    }

    @Test(arguments: Place.all)
    func `an unread lane fetches up to its limit, and delivers it later`(
        on place: Place
    ) async throws {
        try await KafkaWorld.with(
            place,
            configure: {
                $0.consumer.aheadBytesMax = 16 * 1_024
                $0.consumer.aheadCountMax = 10
            }
        ) { world in
            let values = (0..<500).map { "\($0) " + String(repeating: "x", count: 1_000) }
            try await world.append(values)
            try await world.consuming { consumer in
                let lane = try await consumer.nextLane()
                try await lane.start(at: 0)
                #expect(try await lane.values(500) == values)
                await lane.release()
            }
        }
    }

    @Test func `a consumer closed before its first assignment ends later`() async throws {
        try await KafkaWorld.with(.mock) { world in
            world.mock?.setDown(true)
            let consumer = try await world.cluster.subscribe(
                .init(group: world.group, topics: [world.topic]), on: world.loop)
            await consumer.close(within: .seconds(2))
            var count = 0
            for await event in consumer.events { if case .assigned = event { count += 1 } }
            #expect(count == 0)
            world.mock?.setDown(false)
        }
    }
}
