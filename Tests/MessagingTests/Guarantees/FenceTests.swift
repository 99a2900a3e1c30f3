import Contracts
import EventLoop
import HubTesting
@testable import Messaging
import Observability
import Postgres
import Synchronization
import Testing

/// A member that was frozen, and wakes when another has its partitions, changes nothing.
@Suite struct FenceTests {
    /// Handles one event as a consumer that freezes midway, while a consumer of another process takes over.
    /// - Parameter failure: the error of the frozen handler; nil for success.
    private func freeze(_ hub: TestHub, failure: Failure? = nil) async throws {
        let process = try TestProcess(hub)
        let isFrozen = Gate(), isTakenOver = Gate(), mayWrite = Gate()
        let frozen = Handler(name: "frozen", on: UserRegistered.self) { received, tx in
            if isFrozen.passed == 0 {
                isFrozen.open()
                // On its own loop: here it stops.
                process.freeze()
            }
            if let failure { throw failure }
            try await TestHub.write(received, tx)
        }
        let successor = Handler(name: "successor", on: UserRegistered.self) { received, tx in
            isTakenOver.open()
            // It is tried again and again, as when something is missing still.
            if mayWrite.passed == 0 { throw Failure.dependencyDown("not yet") }
            try await TestHub.write(received, tx)
        }
        let consumer = hub.consumer([frozen], as: process)
        let running = process.loops.next().start("log") { try await process.log.run() }
        let consuming = process.loops.next().start("consumer") { try await consumer.run() }
        await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(1))])
        try await isFrozen.wait()
        // After it resumes it must not rejoin, so that it acts with its old epoch.
        running.cancel()
        try await hub.running([hub.consuming([successor])]) {
            try await isTakenOver.wait(3)
            process.wake()
            try await eventually("the frozen one has noticed") {
                hub.lines.lines.contains { $0.contains("partition lost to another member") }
            }
            for table in ["ledger", "inbox", "outbox"] {
                let count = try await hub.count(table)
                #expect(count == 0, "\(table)")
            }
            mayWrite.open()
            try await eventually { try await hub.count("ledger") == 1 }
            try await eventually { try await hub.lag() == 0 }
        }
        consuming.cancel()
        _ = await consuming.result
        _ = await running.result
        await process.end()
        #expect(try await hub.count("ledger") == 1)
        #expect(try await hub.deadLetters.list().isEmpty)
    }

    @Test func `a frozen consumer makes no effect after its successor has taken over`() async throws {
        try await TestHub.with { hub in try await freeze(hub) }
    }

    @Test func `a frozen consumer writes no dead letter after its successor has taken over`() async throws {
        try await TestHub.with { hub in try await freeze(hub, failure: .permanent("believes that it may")) }
    }

    @Test func `taking a position waits for open effects, and refuses later ones`()
        async throws
    {
        try await TestHub.with { hub in
            let positions = ConsumerPositions(of: TestHub.group, in: hub.gamification)
            let partition = TopicPartition("user.registered", 0)
            let (first, next) = try await positions.take(partition)
            #expect(next == nil)
            try await positions.move(first, to: 5)
            let isHeld = Gate(), mayCommit = Gate()
            async let effect: Void = hub.gamification.transaction { tx in
                try await first.hold(on: tx)
                isHeld.open()
                try await mayCommit.wait()
            }
            try await isHeld.wait()
            async let taken = positions.take(partition)
            try await eventually("the successor waits") {
                try await hub.test.database.query(
                    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                ).count == 1
            }
            mayCommit.open()
            try await effect
            let (second, place) = try await taken
            #expect(place == 5 && second.epoch == first.epoch + 1)
            let late = EventLogError.leaseLost(partition)
            await #expect(throws: late) { try await positions.move(first, to: 9) }
            await #expect(throws: late) { try await hub.gamification.transaction { try await first.hold(on: $0) } }
            let processor = hub.consumer([.ledger]).processor
            let events = [try await hub.prepared(processor)]
            for next: Int64? in [9, nil] {
                await #expect(throws: late) {
                    _ = try await processor.handle(events, moving: [PositionMove(tenure: first, next: next)])
                }
            }
            #expect(try await hub.count("ledger") == 0)
            #expect(try await processor.handle(events, moving: [PositionMove(tenure: second, next: 6)]) == 1)
            #expect(try await positions.take(partition).next == 6)
        }
    }

    @Test func `a reset moves the position and refuses the previous holder`() async throws {
        try await TestHub.with { hub in
            let positions = ConsumerPositions(of: TestHub.group, in: hub.gamification)
            let partition = TopicPartition("user.registered", 0)
            let first = try await positions.take(partition).tenure
            try await positions.reset(to: [partition: 3], on: hub.log)
            await #expect(throws: EventLogError.leaseLost(partition)) { try await positions.move(first, to: 9) }
            #expect(try await positions.take(partition).next == 3)
            #expect(try await hub.log.positions(of: [TestHub.group.rawValue]).map(\.committed) == [3])
        }
    }
}

extension TestHub {
    /// An event as a consumer has it before it is handled.
    fileprivate func prepared(_ processor: EventProcessor) async throws -> PreparedEvent {
        let record = try record(Self.user(1), eventID: Guarantee3Tests.event(1))
        let read = LogRecord(
            position: LogPosition(TopicPartition(record.topic, 0), 5), key: record.key, headers: record.headers,
            value: record.value, time: WallClock.date)
        guard let event = try await processor.prepare(read) else { throw CancellationError() }
        return event
    }
}
