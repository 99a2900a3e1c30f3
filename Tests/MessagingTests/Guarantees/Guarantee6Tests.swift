import Contracts
import EventLoop
import Foundation
import HubTesting
@testable import Messaging
import Observability
import Postgres
import Testing

/// Order per key, partitions at the same time, many events in one transaction.
@Suite struct Guarantee6Tests {
    @Test func `the effects of a key are made in the order of its events, whatever fails in between`() async throws {
        try await TestHub.with { hub in
            let calls = Gate()
            let handler = Handler(name: "sometimes", on: UserRegistered.self) { received, tx in
                calls.open()
                if calls.passed % 37 == 0 { throw Failure.transient("now and then") }
                try await TestHub.write(received, tx)
            }
            var records: [NewRecord] = []
            for number in 0..<900 {
                records.append(
                    try hub.record(
                        TestHub.user(number % 7), eventID: Guarantee3Tests.event(number), email: "\(number)"))
            }
            var limits = ConsumerLimits()
            limits.batchCountMax = 60
            let batch = records
            try await hub.running([hub.consumer([handler], limits: limits).run]) {
                for start in stride(from: 0, to: 900, by: 90) {
                    _ = await hub.log.append(Array(batch[start..<start + 90]))
                }
                try await eventually(within: .seconds(30)) {
                    (try await hub.count("inbox"), try await hub.lag()) == (900, 0)
                }
            }
            let entries = try await hub.ledger()
            #expect(entries.count == 900)
            for user in 0..<7 {
                let turns = entries.filter { $0.user == "usr_\(user)" }.compactMap { Int($0.detail) }
                #expect(turns == turns.sorted())
            }
        }
    }

    @Test func `events of a partition share a transaction`() async throws {
        try await TestHub.with { hub in
            try await Guarantee4Tests.append(hub, 300)
            try await hub.running([hub.consumer([.ledger]).run]) {
                try await eventually { try await hub.count("ledger") == 300 }
            }
            let transactions = try await hub.gamification.query("select count(distinct xmin::text) from inbox")[0]
                .decode(Int.self)
            // Three partitions, 100 events each.
            #expect(transactions <= 6)
        }
    }

    @Test func `batches that come together share a transaction, and one that fails does not take the others with it`()
        async throws
    {
        try await TestHub.with { hub in
            let bad = TestHub.user(7)
            let handler = Handler(name: "picky", on: UserRegistered.self) { received, tx in
                if received.event.userID == bad { throw Failure.permanent("never") }
                try await TestHub.write(received, tx)
            }
            let consumer = hub.consumer([handler])
            func batch(_ numbers: Range<Int>) async throws -> [PreparedEvent] {
                let records = try numbers.map {
                    try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0))
                }
                var events: [PreparedEvent] = []
                for (outcome, record) in zip(await hub.log.append(records), records) {
                    guard case .accepted(let position) = outcome else { continue }
                    let read = LogRecord(
                        position: position, key: record.key, headers: record.headers, value: record.value, time: .now)
                    if let event = try await consumer.processor.prepare(read) { events.append(event) }
                }
                return events
            }
            func transactions() async throws -> [Int] {
                let rows = try await hub.gamification.query("select count(*) from inbox group by xmin::text order by 1")
                return try rows.map { try $0.decode(Int.self) }
            }
            let good = try await consumer.processor.handle(
                [batch(10..<12), batch(12..<15)], metrics: consumer.metrics)
            #expect(good.map { (try? $0.get()) != nil } == [true, true])
            #expect(try await transactions() == [5])
            let mixed = try await consumer.processor.handle(
                [batch(0..<2), batch(5..<9), batch(2..<5)], metrics: consumer.metrics)
            #expect(mixed.map { (try? $0.get()) != nil } == [true, false, true])
            #expect(try await transactions() == [2, 3, 5])
        }
    }

    @Test func `when a dependency is down batches that came together are not tried one after the other`() async throws {
        try await TestHub.with { hub in
            let calls = Collected<String>()
            let handler = Handler(name: "down", on: UserRegistered.self) { received, _ in
                calls.add(received.eventID.rawValue)
                throw Failure.dependencyDown("no answer")
            }
            let consumer = hub.consumer([handler])
            let records = try (0..<3).map { try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0)) }
            var batches: [[PreparedEvent]] = []
            for (outcome, record) in zip(await hub.log.append(records), records) {
                guard case .accepted(let position) = outcome else { continue }
                let read = LogRecord(
                    position: position, key: record.key, headers: record.headers, value: record.value, time: .now)
                if let event = try await consumer.processor.prepare(read) { batches.append([event]) }
            }
            let results = await consumer.processor.handle(batches, metrics: consumer.metrics)
            #expect(results.count == 3)
            for result in results { #expect(throws: Failure.self) { try result.get() } }
            #expect(!calls.values.isEmpty && Set(calls.values).count == calls.values.count)
        }
    }

    @Test func `partitions are handled at the same time, and so are keys`() async throws {
        try await TestHub.with { hub in
            let inside = Gate()
            let handler = Handler(name: "meet", on: UserRegistered.self) { received, tx in
                inside.open()
                // Nobody gets past before all are here.
                try await inside.wait(6)
                try await TestHub.write(received, tx)
            }
            // Two keys in each of the three partitions.
            var users: [Int: [UserID]] = [:]
            for number in 0..<200 {
                let user = TestHub.user(number)
                users[Partitioner.partition(of: user.rawValue, among: 3), default: []].append(user)
            }
            let chosen = users.values.flatMap { $0.prefix(2) }
            var records: [NewRecord] = []
            for (number, user) in chosen.enumerated() {
                records.append(try hub.record(user, eventID: Guarantee3Tests.event(number)))
            }
            _ = await hub.log.append(records)
            try await hub.running([hub.consumer([handler]).run]) {
                try await eventually { try await hub.count("ledger") == 6 }
            }
            #expect(hub.lines.lines.allSatisfy { !$0.contains("rolled back") })
        }
    }

    @Test func `a consumer that is stopped finishes its batch, commits it and gives its partitions back`() async throws
    {
        try await TestHub.with { hub in
            let inside = Gate(), goOn = Gate()
            let handler = Handler(name: "slow", on: UserRegistered.self) { received, tx in
                inside.open()
                try await goOn.wait()
                try await TestHub.write(received, tx)
            }
            _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(1))])
            let consumer = hub.consumer([handler])
            let task = TestLoops.shared.next().start("consumer") { try await consumer.run() }
            try await inside.wait()
            task.cancel()
            #expect(try await hub.lag() == 1)
            goOn.open()
            _ = await task.result
            #expect(try await hub.count("ledger") == 1)
            #expect(try await hub.lag() == 0)
            #expect(try await hub.log.groups().allSatisfy { !$0.isHeld })
        }
    }
}
