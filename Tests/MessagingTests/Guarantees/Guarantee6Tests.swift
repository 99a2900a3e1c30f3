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
    @Test func `effects of a key follow the order of its events, despite failures`() async throws {
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
            try await hub.running([hub.consuming([handler], limits: limits)]) {
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
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.count("ledger") == 300 }
            }
            let transactions = try await hub.gamification.query("select count(distinct xmin::text) from inbox")[0]
                .decode(Int.self)
            // Three partitions, 100 events each.
            #expect(transactions <= 6)
        }
    }

    @Test func `concurrent batches share a transaction, and a failed one does not fail the others`()
        async throws
    {
        try await TestHub.with { hub in
            let bad = TestHub.user(7)
            let handler = Handler(name: "picky", on: UserRegistered.self) { received, tx in
                if received.event.userID == bad { throw Failure.permanent("never") }
                try await TestHub.write(received, tx)
            }
            let consumer = hub.consumer([handler])
            let tenure = try await consumer.positions.take(TopicPartition("user.registered", 0)).tenure
            func batch(_ numbers: Range<Int>) async throws -> PreparedBatch {
                let records = try numbers.map {
                    try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0))
                }
                var events: [PreparedEvent] = []
                for (outcome, record) in zip(await hub.log.append(records), records) {
                    guard case .accepted(let position?) = outcome else { continue }
                    let read = LogRecord(
                        position: position, key: record.key, headers: record.headers, value: record.value, time: .now)
                    if let event = try await consumer.processor.prepare(read) { events.append(event) }
                }
                return PreparedBatch(events: events, move: PositionMove(tenure: tenure, next: nil))
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

    @Test func `combined batches are not tried separately while a dependency is down`() async throws {
        try await TestHub.with { hub in
            let calls = Collected<String>()
            let handler = Handler(name: "down", on: UserRegistered.self) { received, _ in
                calls.add(received.eventID.rawValue)
                throw Failure.dependencyDown("no answer")
            }
            let consumer = hub.consumer([handler])
            let records = try (0..<3).map { try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0)) }
            let tenure = try await consumer.positions.take(TopicPartition("user.registered", 0)).tenure
            var batches: [PreparedBatch] = []
            for (outcome, record) in zip(await hub.log.append(records), records) {
                guard case .accepted(let position?) = outcome else { continue }
                let read = LogRecord(
                    position: position, key: record.key, headers: record.headers, value: record.value, time: .now)
                if let event = try await consumer.processor.prepare(read) {
                    batches.append(PreparedBatch(events: [event], move: PositionMove(tenure: tenure, next: nil)))
                }
            }
            let results = await consumer.processor.handle(batches, metrics: consumer.metrics)
            #expect(results.count == 3)
            for result in results { #expect(throws: Failure.self) { try result.get() } }
            #expect(!calls.values.isEmpty && Set(calls.values).count == calls.values.count)
        }
    }

    @Test func `the events of a batch are handled one after the other, in the order of the log`() async throws {
        try await TestHub.with { hub in
            let calls = Collected<String>()
            let handler = Handler(name: "note", on: UserRegistered.self) { received, tx in
                calls.add("begin \(received.eventID)")
                // While it waits for the server nobody else may be let in.
                try await TestHub.write(received, tx)
                calls.add("end \(received.eventID)")
            }
            let batches = try await Self.batches(of: 40, hub, hub.consumer([handler]))
            #expect(batches.count == 3)
            let consumer = hub.consumer([handler])
            let results = await consumer.processor.handle(batches.reversed(), metrics: consumer.metrics)
            for result in results { try result.get() }
            let inOrder = batches.flatMap(\.events).sorted { $0.record.position < $1.record.position }.map(\.eventID)
            #expect(calls.values == inOrder.flatMap { ["begin \($0)", "end \($0)"] })
        }
    }

    @Test func `an event sees the row as changed by the previous event of its batch`() async throws {
        try await TestHub.with { hub in
            try await hub.gamification.execute("create table tally (total bigint not null)")
            try await hub.gamification.execute("insert into tally values (0)")
            let handler = Handler(name: "count", on: UserRegistered.self) { _, tx in
                let row = try await tx.query("select total from tally for update").first
                let total = try row?.decode(Int.self) ?? -1
                try await tx.execute("update tally set total = \(total + 1)")
            }
            let consumer = hub.consumer([handler])
            let batches = try await Self.batches(of: 40, hub, consumer)
            for result in await consumer.processor.handle(batches, metrics: consumer.metrics) { try result.get() }
            #expect(try await hub.gamification.query("select total from tally")[0].decode(Int.self) == 40)
        }
    }

    /// Of two transactions that wait for each other the server ends one; its batch is handled again.
    @Test func `partitions that lock rows in different orders lose no event`() async throws {
        try await TestHub.with { hub in
            try await hub.gamification.execute("create table tally (name text primary key, total bigint not null)")
            try await hub.gamification.execute("insert into tally values ('a', 0), ('b', 0)")
            let first = Gate(), second = Gate(), calls = Gate()
            let handler = Handler(name: "count", on: UserRegistered.self) { received, tx in
                calls.open()
                let turn = received.event.email.split(separator: " ")
                try await tx.execute("update tally set total = total + 1 where name = \(String(turn[1]))")
                // Each goes on when the other has its first row.
                if turn[0] == "first" { first.open() }
                if turn[0] == "second" { second.open() }
                if turn[0] == "first" { try await second.wait() }
            }
            func append(_ partition: Int, _ turns: [String]) async throws {
                var records: [NewRecord] = []
                for (number, turn) in turns.enumerated() {
                    let id = Guarantee3Tests.event(10 * partition + number)
                    var record = try hub.record(TestHub.user(number), eventID: id, email: turn)
                    record.partition = partition
                    records.append(record)
                }
                _ = await hub.log.append(records)
            }
            try await hub.running([hub.consuming([handler])]) {
                try await append(0, ["first a", "then b"])
                try await first.wait()
                try await append(1, ["second b", "then a"])
                try await eventually(within: .seconds(30)) { try await hub.lag() == 0 }
            }
            let rows = try await hub.gamification.query("select total from tally order by name")
            let totals = try rows.map { try $0.decode(Int.self) }
            #expect(totals == [2, 2])
            #expect(try await hub.deadLetters.list().isEmpty)
            // One of the two batches came again.
            #expect(calls.passed > 4)
        }
    }

    @Test func `a busy partition does not delay a later one`() async throws {
        try await TestHub.with { hub in
            let inside = Gate(), goOn = Gate()
            let handler = Handler(name: "wait", on: UserRegistered.self) { received, tx in
                inside.open()
                if received.eventID.rawValue == "evt_0" { try await goOn.wait() }
                try await TestHub.write(received, tx)
            }
            var records = try (0..<2).map { try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0)) }
            for number in 0..<2 { records[number].partition = number }
            let (slow, quick) = (records[0], records[1])
            try await hub.running([hub.consuming([handler])]) {
                _ = await hub.log.append([slow])
                try await inside.wait()
                _ = await hub.log.append([quick])
                try await eventually { try await hub.ledger().map(\.event) == ["evt_1"] }
                goOn.open()
                try await eventually { try await hub.count("ledger") == 2 }
            }
        }
    }

    /// Events of as many people in the log, as the consumer would have read them: a batch for each partition.
    private static func batches(
        of count: Int, _ hub: TestHub, _ consumer: Consumer
    ) async throws -> [PreparedBatch] {
        try await Guarantee4Tests.append(hub, count)
        var batches: [PreparedBatch] = []
        for (partition, records) in Dictionary(
            grouping: try await hub.records(of: Topic.userRegistered.name), by: \.position.partition)
        {
            var events: [PreparedEvent] = []
            for record in records {
                if let event = try await consumer.processor.prepare(record) { events.append(event) }
            }
            let tenure = try await consumer.positions.take(partition).tenure
            batches.append(
                PreparedBatch(events: events, move: PositionMove(tenure: tenure, next: Int64(records.count))))
        }
        return batches
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
            #expect(try await hub.log.positions(of: nil).allSatisfy { !$0.isHeld })
        }
    }

    @Test func `an offset that a killed consumer did not acknowledge is no lag after the next start`() async throws {
        try await TestHub.with { hub in
            let group = TestHub.group.rawValue
            func lags() async throws -> [Int64] { try await hub.log.positions(of: [group]).map(\.lag) }
            try await Guarantee4Tests.append(hub, 3)
            try await hub.running([hub.consuming([.ledger])]) { try await eventually { try await hub.lag() == 0 } }
            let partitions = try await hub.log.positions(of: [group]).map(\.partition)
            try await hub.log.resetOffsets(of: group, to: Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }))
            #expect(try await lags().reduce(0, +) == 3)
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await lags().allSatisfy { $0 == 0 } }
            }
            #expect(try await hub.count("ledger") == 3)
        }
    }
}
