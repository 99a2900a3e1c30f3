import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import SchemaRegistry
import Testing

/// Failures by their class; the offset moves only after the dead letter's acknowledgement.
@Suite struct Guarantee4Tests {
    /// Fails for one person, and writes the ledger for the others.
    static func failing(
        for user: String = "usr_1", _ failure: @escaping @Sendable (Received<UserRegistered>) -> (any Error)?
    ) -> Handler {
        Handler(name: "failForSome", on: UserRegistered.self) { received, tx in
            if received.event.userID.rawValue == user, let error = failure(received) { throw error }
            try await TestHub.write(received, tx)
        }
    }

    static func append(_ hub: TestHub, _ count: Int) async throws {
        let records = try (0..<count).map { try hub.record(TestHub.user($0), eventID: Guarantee3Tests.event($0)) }
        _ = await hub.log.append(records)
    }

    @Test func `an undecodable message is a dead letter at once, with its bytes and headers`()
        async throws
    {
        try await TestHub.with { hub in
            var broken = try hub.record(TestHub.user(9), eventID: Guarantee3Tests.event(9))
            broken.value = (broken.value?.dropLast(7)).map { Array($0) + [0xff] }
            var noFrame = try hub.record(TestHub.user(8), eventID: Guarantee3Tests.event(8))
            noFrame.value = [1, 2, 3]
            _ = await hub.log.append([broken, noFrame])
            try await Self.append(hub, 5)
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.count("ledger") == 5)
            let letters = try await hub.deadLetters.list()
            #expect(letters.count == 2)
            let letter = try #require(letters.first { $0.eventID == "evt_9" })
            #expect(letter.record.value == broken.value)
            #expect(broken.headers.allSatisfy { letter.record.headers.contains($0) })
            #expect(letter.failureClass == .permanent)
            #expect(letter.attempts == 1)
        }
    }

    @Test func `a message with an unregistered schema is a dead letter after limited attempts`() async throws {
        try await TestHub.with { hub in
            var stranger = try hub.record(TestHub.user(9), eventID: Guarantee3Tests.event(9))
            stranger.value?.replaceSubrange(1..<5, with: [0, 0, 0x99, 0x99])
            _ = await hub.log.append([stranger])
            try await Self.append(hub, 5)
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.count("ledger") == 5)
            let letter = try #require(try await hub.deadLetters.list().first)
            #expect(letter.eventID == "evt_9")
            #expect(letter.record.value == stranger.value)
            #expect(letter.failureClass == .transient)
        }
    }

    @Test func `a record of the maximum size fits into a dead letter`() async throws {
        try await TestHub.with { hub in
            var largest = try hub.record(TestHub.user(9), eventID: Guarantee3Tests.event(9))
            let others = largest.byteCount - (largest.value?.count ?? 0)
            largest.value = [UInt8](repeating: 7, count: TopicSettings(.userRegistered).recordBytesMax - others)
            guard case .accepted? = await hub.log.append([largest]).first else {
                Issue.record("the log did not take it")
                return
            }
            try await Self.append(hub, 5)
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.count("ledger") == 5)
            #expect(try await hub.deadLetters.list().map(\.record.value) == [largest.value])
        }
    }

    @Test func `a permanent failure is a dead letter at the first attempt`() async throws {
        try await TestHub.with { hub in
            let attempts = Gate()
            let handler = Self.failing { _ in
                attempts.open()
                return Failure.permanent("no such course")
            }
            try await Self.append(hub, 4)
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.count("ledger") == 3)
            #expect(try await hub.deadLetters.list().map(\.eventID) == ["evt_1"])
            // Once in its partition's batch, once alone, and before that together with other partitions if they came with it.
            #expect([2, 3].contains(attempts.passed))
        }
    }

    @Test func `a transient failure is retried in place, and events of its key wait`() async throws {
        try await TestHub.with { hub in
            let attempts = Gate()
            let handler = Self.failing { _ in
                attempts.open()
                return attempts.passed < 4 ? Failure.transient("deadlock") : nil
            }
            try await Self.append(hub, 3)
            _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(7))])
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.ledger().filter { $0.user == "usr_1" }.map(\.event) == ["evt_1", "evt_7"])
            #expect(try await hub.count("ledger") == 4)
            #expect(try await hub.deadLetters.list().isEmpty)
        }
    }

    @Test func `a transient failure becomes a dead letter after the maximum attempts`() async throws {
        try await TestHub.with { hub in
            struct Unknown: Error {}
            try await Self.append(hub, 3)
            try await hub.running([hub.consuming([Self.failing { _ in Unknown() }])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            let letters = try await hub.deadLetters.list()
            #expect(letters.map(\.attempts) == [3])
            #expect(letters.map(\.failureClass) == [.transient])
            #expect(try await hub.count("ledger") == 2)
        }
    }

    @Test func `while a dependency is down the partition waits, and a metric shows it`() async throws {
        try await TestHub.with { hub in
            let asked = Gate()
            let isUp = Gate()
            let handler = Self.failing { _ in
                asked.open()
                return isUp.passed == 0 ? Failure.dependencyDown("mail server") : nil
            }
            try await Self.append(hub, 3)
            let paused = "consumer_partitions_paused{group=\"gamification\"} "
            try await hub.running([hub.consuming([handler])]) {
                // Far more often than a transient failure would be tried.
                try await asked.wait(12)
                #expect(hub.metrics.prometheusText().contains(paused + "1"))
                #expect(hub.lines.lines.contains { $0.contains("a dependency is down") && $0.contains("\"error\"") })
                #expect(try await hub.deadLetters.list().isEmpty)
                isUp.open()
                try await eventually { try await hub.lag() == 0 }
                #expect(hub.metrics.prometheusText().contains(paused + "0"))
            }
            #expect(try await hub.count("ledger") == 3)
        }
    }

    @Test func `the position does not move before the dead letter is committed`() async throws {
        try await TestHub.with { hub in
            try await Self.append(hub, 1)
            try await hub.gamification.execute("alter table outbox rename to away")
            let handler = Self.failing(for: "usr_0") { _ in Failure.permanent("never") }
            try await hub.running([hub.consumer([handler]).run]) {
                try await eventually { hub.lines.lines.contains { $0.contains("storing the dead letter failed") } }
                let rows = try await hub.gamification.query(
                    "select 1 from consumer_position where topic = 'user.registered' and next_offset > 0")
                #expect(rows.isEmpty)
                try await hub.gamification.execute("alter table away rename to outbox")
                try await eventually { try await hub.count("outbox") == 1 }
            }
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.deadLetters.list().count == 1)
        }
    }

    @Test func `a record without a value is a dead letter, and its key and headers stay as they were`() async throws {
        try await TestHub.with { hub in
            let key: [UInt8] = [0xff, 0, 1]
            let tombstone = NewRecord(
                topic: "user.registered", key: key, headers: [RecordHeader("none", nil), RecordHeader("some", [0])],
                value: nil)
            _ = await hub.log.append([tombstone])
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            let letter = try #require(try await hub.deadLetters.list().first)
            #expect(letter.key == key && letter.record.key == key && letter.record.value == nil)
            #expect(tombstone.headers.allSatisfy { letter.record.headers.contains($0) })
        }
    }

    @Test func `a lost partition is released at once`() async throws {
        try await TestHub.with { hub in
            try await hub.running([hub.consuming([.ledger])]) {
                try await Self.append(hub, 1)
                try await eventually { try await hub.lag() == 0 }
                // As if another had taken them.
                try await hub.gamification.execute("update consumer_position set epoch = epoch + 1")
                await hub.log.append([try hub.record(TestHub.user(0), eventID: Guarantee3Tests.event(1))])
                try await eventually { try await hub.count("ledger") == 2 }
            }
            #expect(hub.lines.lines.contains { $0.contains("partition lost to another member") })
            // More on a busy machine, where the member itself can expire and claim its partitions again.
            #expect(try await hub.count("event_log.group_partition where generation > 1") >= 1)
        }
    }

    @Test func `errors are classified: data is wrong for good, a lost connection is a dependency, the rest may pass`() {
        func server(_ state: String) -> PostgresError { PostgresError(.server, "", sqlState: state) }
        #expect(FailureClass(of: PostgresError(.connection, "")) == .dependencyDown)
        #expect(FailureClass(of: server("53300")) == .dependencyDown)
        #expect(FailureClass(of: server("25006")) == .dependencyDown)
        #expect(FailureClass(of: server("22003")) == .permanent)
        #expect(FailureClass(of: server("23514")) == .permanent)
        #expect(FailureClass(of: server("42P01")) == .permanent)
        #expect(FailureClass(of: server("23503")) == .transient)
        #expect(FailureClass(of: server("40001")) == .transient)
        #expect(FailureClass(of: PostgresError(.commitUnknown, "")) == .transient)
        #expect(FailureClass(of: EventLogError.unavailable("")) == .dependencyDown)
        #expect(FailureClass(of: EventLogError.invalid("")) == .transient)
        #expect(FailureClass(of: EventCodecError(.malformedBody, "")) == .permanent)
        #expect(FailureClass(of: EventCodecError(.unknownSchema, "")) == .transient)
        #expect(FailureClass(of: EventCodecError(.registryUnavailable, "")) == .dependencyDown)
        #expect(FailureClass(of: CancellationError()) == .transient)
    }
}
