import Foundation
import HubTesting
import Messaging
import Testing

extension EventLogBehaviour {
    static let groups: [EventLogBehaviour] = [
        EventLogBehaviour("the log remembers how far a group is, also after a restart") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<10).map { test.record("k", "\($0)") })
            let first = try await test.factory.connect()
            let subscription = try await test.subscribe(first)
            let lease = try await test.lease(subscription)
            #expect(try await test.read(lease, 10).map(\.text) == (0..<10).map(String.init))
            lease.acknowledge(4)
            await lease.release()
            // At the latest when it is left.
            await subscription.close()
            #expect(try await test.committed(lease.partition) == 4)

            let again = try await test.subscribe()
            let next = try await test.lease(again)
            #expect(try await test.read(next, 6).map(\.text) == (4..<10).map(String.init))
            await again.close()
        },

        EventLogBehaviour("groups read independently of each other") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a")])
            for group in ["one", "two"] {
                let subscription = try await test.subscribe(group: test.group + group)
                let lease = try await test.lease(subscription)
                #expect(try await test.read(lease, 1).map(\.text) == ["a"])
                lease.acknowledge(1)
                await subscription.close()
            }
        },

        EventLogBehaviour("a group that begins at the end gets only what comes") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "old")])
            let subscription = try await test.subscribe(start: .latest)
            let lease = try await test.lease(subscription)
            async let read = test.read(lease, 1)
            try await test.append([test.record("k", "new")])
            #expect(try await read.map(\.text) == ["new"])
            await subscription.close()
        },

        EventLogBehaviour("an append wakes who waits for it") { test in
            try await test.make(partitions: 1)
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            for turn in 0..<5 {
                async let read = test.read(lease, 1)
                try await test.append([test.record("k", "\(turn)")])
                #expect(try await read.map(\.text) == ["\(turn)"])
            }
            await subscription.close()
        },

        EventLogBehaviour("a holder that reads nothing for long keeps its lease") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<3).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            #expect(try await test.read(lease, 3).count == 3)
            try await test.append([test.record("k", "3")])
            // Longer than a lease lasts without a heartbeat.
            let end = ContinuousClock.now + test.factory.limits.leaseDuration * 1.5
            try await eventually { ContinuousClock.now > end }
            #expect(!lease.isRevoked)
            #expect(try await test.read(lease, 1).map(\.text) == ["3"])
            await subscription.close()
        },

        EventLogBehaviour("a group that is told where to begin begins there, whatever the log knows") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<6).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            try await test.acknowledge(5, lease)
            #expect(try await lease.start(at: 2) == 2)
            #expect(try await test.read(lease, 4).map(\.text) == ["2", "3", "4", "5"])
            await subscription.close()
        },

        EventLogBehaviour("records that retention removed unread are an error that says where to go on") { test in
            try await test.make(partitions: 1, retention: .seconds(3_600))
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<7).map { test.record("k", "\($0)") })
            try await test.factory.removeRecords(of: partition, below: 5, test.log)
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            for place: Int64 in [0, 4] {
                _ = try await lease.start(at: place)
                await #expect(throws: EventLogError.gap(partition, firstKept: 5)) { _ = try await test.next(lease) }
            }
            _ = try await lease.start(at: 5)
            #expect(try await test.read(lease, 2).map(\.text) == ["5", "6"])
            await subscription.close()
        },

        EventLogBehaviour("where nothing is kept any more, what was missed is an error too") { test in
            try await test.make(partitions: 1, retention: .seconds(3_600))
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<7).map { test.record("k", "\($0)") })
            try await test.factory.removeRecords(of: partition, below: 7, test.log)
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            _ = try await lease.start(at: 3)
            await #expect(throws: EventLogError.gap(partition, firstKept: 7)) { _ = try await test.next(lease) }
            await subscription.close()
        },

        EventLogBehaviour("a position behind the end is an error: the topic is not the one that was read") { test in
            try await test.make(partitions: 1)
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<3).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            _ = try await lease.start(at: 9)
            await #expect(throws: EventLogError.truncated(partition, end: 3)) { _ = try await test.next(lease) }
            await subscription.close()
        },

        EventLogBehaviour("lag tells how much is not committed and how old it is") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<5).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            let records = try await test.read(lease, 5)
            try await test.acknowledge(2, lease)
            let before = try await test.position()
            #expect(before.committed == 2)
            #expect(before.end == 5)
            #expect(before.lag == 3)
            #expect(before.oldestUnprocessed == records[2].time)
            #expect(before.isHeld)
            lease.acknowledge(5)
            await subscription.close()
            let after = try await test.position()
            #expect(after.lag == 0)
            #expect(after.oldestUnprocessed == nil)
            #expect(!after.isHeld)
        },

        EventLogBehaviour("offsets of a group are reset and groups forgotten only while nobody uses them") { test in
            try await test.make(partitions: 1)
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<5).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            _ = try await test.read(lease, 5)
            try await test.acknowledge(5, lease)
            await #expect(throws: EventLogError.groupInUse(test.group)) {
                try await test.log.resetOffsets(of: test.group, to: [partition: 0])
            }
            await #expect(throws: EventLogError.groupInUse(test.group)) { try await test.log.deleteGroup(test.group) }
            await subscription.close()
            try await test.log.resetOffsets(of: test.group, to: [partition: 3])
            let again = try await test.subscribe()
            #expect(try await test.read(test.lease(again), 2).map(\.text) == ["3", "4"])
            await again.close()
            try await test.log.deleteGroup(test.group)
            #expect(try await test.log.positions(of: nil).allSatisfy { $0.group != test.group })
        },

        EventLogBehaviour("a topic that does not exist cannot be subscribed to") { test in
            await #expect(throws: EventLogError.unknownTopic(test.topic)) { _ = try await test.subscribe() }
        },
    ]
}
