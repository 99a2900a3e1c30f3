import Foundation
import HubTesting
import Messaging
import Testing

extension EventLogBehaviour {
    static let offsets: [EventLogBehaviour] = [
        EventLogBehaviour("a time leads to the offset of the first record from then on") { test in
            try await test.make(partitions: 1)
            let partition = TopicPartition(test.topic, 0)
            for turn in 0..<10 { try await test.append([test.record("k", "\(turn)")]) }
            let read = try await test.log.read(partition, from: 0, countMax: 100)
            for record in read {
                let offset = try await test.log.offsets(of: test.topic, at: record.time)[partition]
                let expected = read.first { $0.time >= record.time }?.position.offset
                #expect(offset == expected)
            }
            let before = try #require(read.first).time.addingTimeInterval(-60)
            let after = try #require(read.last).time.addingTimeInterval(60)
            #expect(try await test.log.offsets(of: test.topic, at: before)[partition] == 0)
            #expect(try await test.log.offsets(of: test.topic, at: after)[partition] == 10)
        },

        EventLogBehaviour("what retention removed is gone, and reading goes on behind it") { test in
            try await test.make(partitions: 1, retention: .seconds(3_600))
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<7).map { test.record("k", "\($0)") })
            #expect(try await test.log.enforceRetention(of: { _ in true }, at: Date()) == 0)
            try await test.factory.removeRecords(of: partition, below: 7, test.log)
            try await test.append([test.record("k", "new")])
            #expect(try await test.log.watermarks(of: test.topic)[partition] == 7..<8)
            #expect(try await test.log.read(partition, from: 0, countMax: 10).map(\.text) == ["new"])
            let summary = try await test.log.topics([test.topic]).first
            #expect(summary?.messageCount == 1)
        },

        EventLogBehaviour("a plan says what is missing and what differs, and when it is carried out nothing is left") {
            test in
            var wanted = TopicSettings(name: test.topic, partitionCount: 2, retention: .seconds(7_200))
            #expect(try await test.log.plan([wanted]) == [TopicChange(topic: test.topic, kind: .create(wanted))])
            try await test.log.apply(try await test.log.plan([wanted]))
            try await eventually("nothing is left") { try await test.log.plan([wanted]).isEmpty }
            // Again: two hubs may start at once.
            try await test.log.apply([TopicChange(topic: test.topic, kind: .create(wanted))])
            try await test.append([test.record("k", "a")])

            wanted.partitionCount = 4
            wanted.retention = .seconds(14_400)
            wanted.recordBytesMax = 2 * 1024 * 1024
            wanted.inSyncReplicasMin = 1
            let plan = try await test.log.plan([wanted])
            #expect(
                plan.map(\.kind) == [
                    .grow(from: 2, to: 4), .setRetention(from: .seconds(7_200), to: .seconds(14_400)),
                    .setRecordBytesMax(from: 1024 * 1024, to: 2 * 1024 * 1024), .setInSyncReplicasMin(from: 2, to: 1),
                ])
            #expect(plan.allSatisfy { $0.hazard == nil })
            try await test.log.apply(plan)
            try await eventually("nothing is left") { try await test.log.plan([wanted]).isEmpty }
            #expect(try await test.log.read(TopicPartition(test.topic, 0), from: 0, countMax: 5).count <= 1)
            try await test.append([test.record("k", "d", partition: 3)])
        },

        EventLogBehaviour(
            "a plan warns of what loses records or moves keys under a lag, and never makes a topic smaller"
        ) {
            test in
            try await test.make(partitions: 2, retention: .seconds(7_200))
            try await test.append([test.record("k", "a", partition: 0)])
            let subscription = try await test.subscribe()
            let leases = try await test.leases(subscription, 2)
            try await test.acknowledge(0, leases[0])
            var wanted = TopicSettings(name: test.topic, partitionCount: 3, retention: .seconds(3_600))
            #expect(
                try await test.log.plan([wanted]).map(\.hazard)
                    == [.movesKeysUnderLag(groups: [test.group]), .losesRecords])
            try await test.acknowledge(1, leases[0])
            #expect(try await test.log.plan([wanted]).map(\.hazard) == [nil, .losesRecords])
            wanted.partitionCount = 1
            let shrink = try await test.log.plan([wanted]).filter { $0.hazard == .impossible }
            #expect(shrink.map(\.kind) == [.shrink(from: 2, to: 1)])
            await #expect(throws: EventLogError.self) { try await test.log.apply(shrink) }
            #expect(try await test.log.watermarks(of: test.topic).count == 2)
            await subscription.close()
        },

        EventLogBehaviour("a topic that is removed is unknown, and new when made again") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a")])
            try await test.log.deleteTopics([test.topic, "no-such-topic"])
            try await eventually("it is unknown") {
                do {
                    _ = try await test.log.watermarks(of: test.topic)
                    return false
                } catch EventLogError.unknownTopic(test.topic) { return true }
            }
            try await test.make(partitions: 1)
            // A producer of the previous topic may get "unknown topic" for a moment.
            let position = try await eventually("it takes records") { () -> LogPosition? in
                guard case .accepted(let position)? = await test.log.append([test.record("k", "b")]).first else {
                    return nil
                }
                return position
            }
            #expect(position.offset == 0)
        },
    ]
}
