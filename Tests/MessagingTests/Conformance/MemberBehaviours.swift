import HubTesting
import Messaging
import Synchronization
import Testing

extension EventLogBehaviour {
    static let members: [EventLogBehaviour] = [
        EventLogBehaviour("members share the partitions evenly, and each partition has one holder") { test in
            try await test.make(partitions: 6)
            let first = try await test.subscribe()
            let all = try await test.leases(first, 6)
            #expect(all.map(\.partition.partition) == Array(0..<6))

            let client = try await test.factory.connect()
            let second = try await test.subscribe(client)
            // The first returns only the requested partitions.
            try await eventually { all.filter(\.isRevoked).count == 3 }
            for lease in all where lease.isRevoked {
                #expect(try await test.within { try await lease.next(countMax: 1) } == nil)
                await lease.release()
            }
            let moved = try await test.leases(second, 3)
            let kept = all.filter { !$0.isRevoked }
            #expect(Set(moved.map(\.partition)).isDisjoint(with: kept.map(\.partition)))
            await second.close()
            #expect(Set(try await test.leases(first, 3).map(\.partition)) == Set(moved.map(\.partition)))
            await first.close()
        },

        EventLogBehaviour("a batch at work is finished before its partition goes to another member") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<4).map { test.record("k", "\($0)") })
            let leaver = try await test.factory.connect()
            let first = try await test.subscribe(leaver)
            let lease = try await test.lease(first)
            _ = try await test.read(lease, 4)
            let second = try await test.subscribe()
            lease.acknowledge(4)
            await first.close()
            let next = try await test.lease(second)
            try await test.append([test.record("k", "4")])
            #expect(try await test.read(next, 1).map(\.text) == ["4"])
            await second.close()
        },

        EventLogBehaviour("the partitions of a member that was killed go to the others", needs: [.kill]) { test in
            try await test.make(partitions: 2)
            let victim = try await test.factory.connect()
            let doomed = try await test.subscribe(victim)
            _ = try await test.leases(doomed, 2)
            let survivor = try await test.subscribe()
            await test.factory.kill(victim)
            #expect(try await test.leases(survivor, 2).count == 2)
            await survivor.close()
        },

        EventLogBehaviour("what a member says that lost its partition changes nothing") { test in
            try await test.make(partitions: 1)
            try await test.append((0..<3).map { test.record("k", "\($0)") })
            let client = try await test.factory.connect()
            let first = try await test.subscribe(client)
            let zombie = try await test.lease(first)
            _ = try await test.read(zombie, 3)
            await first.close()
            let second = try await test.subscribe()
            let lease = try await test.lease(second)
            try await test.acknowledge(1, lease)
            zombie.acknowledge(3)
            await zombie.release()
            #expect(try await test.next(zombie) == nil)
            #expect(try await test.committed(lease.partition) == 1)
            await second.close()
        },

        EventLogBehaviour(
            "who waits hears at once that the partition is wanted, and who does not give it back loses it"
        ) {
            test in
            try await test.make(partitions: 2)
            let keeper = try await test.subscribe(handOverMax: .milliseconds(500))
            let kept = try await test.leases(keeper, 2)
            let client = try await test.factory.connect()
            let other = try await test.subscribe(client)
            try await test.within {
                await withTaskGroup(of: Void.self) { group in
                    for lease in kept { group.addTask { await lease.whenRevoked() } }
                    await group.next()
                    group.cancelAll()
                }
            }
            // The holder does not return it.
            let taken = try await test.lease(other)
            let lost = try #require(kept.first { $0.partition == taken.partition })
            #expect(lost.isRevoked)
            #expect(try await test.next(lost) == nil)
            await other.close()
            await keeper.close()
        },

        EventLogBehaviour("members come and go and nothing is lost, and nothing of a key out of order") { test in
            try await test.make(partitions: 4)
            let seen = Seen()
            let total = 2_000
            @Sendable func readers() async throws {
                let client = try await test.factory.connect()
                let subscription = try await test.subscribe(client)
                try? await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    while let lease = try await subscription.nextLease() {
                        group.addTask {
                            _ = try await lease.start(at: nil)
                            while let batch = try await lease.next(countMax: 20) {
                                for record in batch.records {
                                    seen.add(record)
                                }
                                lease.acknowledge(batch.nextOffset)
                            }
                            await lease.release()
                        }
                    }
                }
                await subscription.close()
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await readers() }
                for round in 0..<(total / 100) {
                    // A second and a third member join while records arrive.
                    if round == 5 || round == 10 { group.addTask { try await readers() } }
                    try await test.append((0..<100).map { test.record("k\($0 % 10)", "\(round * 100 + $0)") })
                }
                try await eventually(within: .seconds(30)) {
                    seen.distinctCount == total
                }
                group.cancelAll()
            }
            // Delivered again is allowed, forgotten or overtaken is not: first sight of each is in order.
            for values in seen.values {
                var known: Set<Int> = []
                let first = values.filter { known.insert($0).inserted }
                #expect(first == first.sorted())
            }
        },

        EventLogBehaviour("partitions that a topic gains are read too") { test in
            try await test.make(partitions: 1)
            let subscription = try await test.subscribe()
            _ = try await test.lease(subscription)
            try await test.make(partitions: 2)
            #expect(try await test.lease(subscription).partition == TopicPartition(test.topic, 1))
            await subscription.close()
        },
    ]
}

/// The numbers read, by key, in the order they were read.
private final class Seen: Sendable {
    private let byKey = Mutex<[String: [Int]]>([:])

    func add(_ record: LogRecord) {
        byKey.withLock { $0[record.keyText, default: []].append(Int(record.text) ?? -1) }
    }

    var values: [[Int]] { byKey.withLock { Array($0.values) } }
    var distinctCount: Int { values.reduce(0) { $0 + Set($1).count } }
}
