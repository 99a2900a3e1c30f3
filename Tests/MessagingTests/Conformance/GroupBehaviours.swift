import Foundation
import HubTesting
import Messaging
import Testing

extension EventLogBehaviour {
    static let groups: [EventLogBehaviour] = [
        EventLogBehaviour("a group goes on where it committed, also after a restart") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<10).map { test.record("k", "\($0)") })
            let first = try await test.factory.connect()
            let subscription = try await test.subscribe(first)
            let lease = try await test.lease(subscription)
            #expect(try await test.read(lease, 10).map(\.text) == (0..<10).map(String.init))
            try await lease.commit(4)
            await lease.release()
            await subscription.close()
            await test.factory.kill(first)

            let again = try await test.subscribe()
            let next = try await test.lease(again)
            #expect(try await test.read(next, 6).map(\.text) == (4..<10).map(String.init))
            #expect(next.generation > lease.generation)
            await again.close()
        },

        EventLogBehaviour("groups read independently of each other") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a")])
            for group in ["one", "two"] {
                let subscription = try await test.subscribe(group: test.group + group)
                let lease = try await test.lease(subscription)
                #expect(try await test.read(lease, 1).map(\.text) == ["a"])
                try await lease.commit(1)
                await subscription.close()
            }
        },

        EventLogBehaviour("a group that begins at the end gets only what comes") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "old")])
            let subscription = try await test.subscribe(start: .latest)
            let lease = try await test.lease(subscription)
            async let read = test.read(lease, 1)
            try await eventually {
                try await test.log.groups().contains { $0.group == test.group && $0.committed == 1 }
            }
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

        EventLogBehaviour("a reader can wait without losing its lease") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<3).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            #expect(try await test.read(lease, 3).count == 3)
            lease.pause()
            try await test.append([test.record("k", "3")])
            async let read = test.read(lease, 1)
            // Longer than a lease lasts without a heartbeat.
            let end = ContinuousClock.now + test.factory.limits.leaseDuration * 1.5
            try await eventually { ContinuousClock.now > end }
            #expect(!lease.isRevoked)
            lease.resume()
            #expect(try await read.map(\.text) == ["3"])
            try await lease.commit(4)
            await subscription.close()
        },

        EventLogBehaviour("lag tells how much is not committed and how old it is") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<5).map { test.record("k", "\($0)") })
            let subscription = try await test.subscribe()
            let lease = try await test.lease(subscription)
            let records = try await test.read(lease, 5)
            try await lease.commit(2)
            func position() async throws -> GroupPosition? {
                try await test.log.groups().first { $0.group == test.group }
            }
            let before = try #require(try await position())
            #expect(before.committed == 2)
            #expect(before.end == 5)
            #expect(before.lag == 3)
            #expect(before.oldestUnprocessed == records[2].time)
            #expect(before.isHeld)
            try await lease.commit(5)
            await subscription.close()
            let after = try #require(try await position())
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
            try await lease.commit(5)
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
            #expect(try await test.log.groups().allSatisfy { $0.group != test.group })
        },

        EventLogBehaviour("a topic that does not exist cannot be subscribed to") { test in
            await #expect(throws: EventLogError.unknownTopic(test.topic)) { _ = try await test.subscribe() }
        },
    ]
}
