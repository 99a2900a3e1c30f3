import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import Testing

/// Dead letters have the cause; a redrive reaches only the failed group.
@Suite struct Guarantee5Tests {
    @Test func `a dead letter has its origin and its error`() async throws {
        try await TestHub.with { hub in
            let record = try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(1))
            guard case .accepted(let origin?)? = await hub.log.append([record]).first else { throw CancellationError() }
            let handler = Guarantee4Tests.failing { _ in Failure.transient("the mail server hesitates") }
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 0 }
            }
            let letter = try #require(try await hub.deadLetters.list(group: .gamification).first)
            let stored = try #require(try await hub.log.read(origin.partition, from: origin.offset, countMax: 1).first)
            #expect(letter.origin == origin)
            #expect(letter.key == Array("usr_1".utf8))
            #expect(abs(letter.timestamp.timeIntervalSince(stored.time)) < 0.002)
            #expect(letter.id.group == .gamification)
            #expect(letter.failureClass == .transient)
            #expect(letter.error == "transient: the mail server hesitates")
            #expect(letter.attempts == 3)
            #expect(letter.firstFailedAt <= letter.lastFailedAt)
            #expect(letter.redriveCount == 0 && letter.redriveBatch == nil)
            #expect(letter.record.value == record.value)
            #expect(letter.eventID == "evt_1" && letter.correlationID == "req_test")
            #expect(try await hub.deadLetters.show(letter.id) == letter)
            #expect(DeadLetter.ID("\(letter.id)") == letter.id)
        }
    }

    @Test func `a redrive reaches only the failed group, once`() async throws {
        try await TestHub.with { hub in
            let isFixed = Gate()
            let handler = Guarantee4Tests.failing { _ in isFixed.passed == 0 ? Failure.permanent("bug") : nil }
            let others = Collected<String>()
            let other = Handler(name: "watch", on: UserRegistered.self) { received, _ in
                others.add("\(received.eventID)")
            }
            try await Guarantee4Tests.append(hub, 3)
            let group = TestHub.watcher
            try await hub.running([hub.consuming([handler]), hub.consuming(group: group, [other])]) {
                try await eventually { try await hub.lag() == 0 && others.values.count == 3 }
                let letter = try #require(try await hub.deadLetters.list().first)
                isFixed.open()
                let report = try await hub.deadLetters.redrive([letter.id, letter.id], batchID: "rdv_1")
                #expect(report.done == [letter.id] && report.skipped == [letter.id])
                try await eventually { try await hub.count("ledger") == 3 }
                #expect(try await hub.deadLetters.redrive([letter.id], batchID: "rdv_2").skipped == [letter.id])
                try await eventually { (try await hub.lag(), try await hub.lag(of: group)) == (0, 0) }
            }
            #expect(others.values.count == 3)
            #expect(try await hub.records(of: "user.registered").count == 3)
            #expect(try await hub.deadLetters.list().isEmpty)
            #expect(try await hub.ledger().last?.event == "evt_1")
        }
    }

    @Test func `a dead letter that fails again counts its redrives, and names the batch`() async throws {
        try await TestHub.with { hub in
            let handler = Guarantee4Tests.failing { _ in Failure.permanent("still") }
            try await Guarantee4Tests.append(hub, 2)
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.deadLetters.list().count == 1 }
                let first = try #require(try await hub.deadLetters.list().first)
                for round in 1...2 {
                    let letter = try #require(try await hub.deadLetters.list().first)
                    _ = try await hub.deadLetters.redrive([letter.id], batchID: "rdv_\(round)")
                    try await eventually { try await hub.deadLetters.list().first?.redriveCount == round }
                }
                let last = try #require(try await hub.deadLetters.list().first)
                #expect(last.redriveBatch == "rdv_2")
                #expect(last.origin == first.origin && last.key == first.key && last.timestamp == first.timestamp)
                #expect(last.record.value == first.record.value)
                #expect(last.record.headers.filter { $0.name == DeadLetterHeader.topic }.count == 1)
            }
        }
    }

    @Test func `a redriven event has no second effect`() async throws {
        try await TestHub.with { hub in
            let isFixed = Gate()
            let handler = Guarantee4Tests.failing { _ in isFixed.passed == 0 ? Failure.permanent("bug") : nil }
            try await Guarantee4Tests.append(hub, 2)
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.deadLetters.list().count == 1 }
                isFixed.open()
                let letter = try #require(try await hub.deadLetters.list().first)
                // The event is delivered again from its own topic and by two redrives, as after a crash before the commit.
                _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(1))])
                try await eventually { try await hub.count("ledger") == 2 }
                _ = try await hub.deadLetters.redrive([letter.id], batchID: "rdv_1")
                _ = try await hub.gamification.execute("delete from dead_letter_resolution")
                _ = try await hub.deadLetters.redrive([letter.id], batchID: "rdv_2")
                try await eventually {
                    let count = try await hub.records(of: "gamification.redrive").count
                    return try await hub.lag() == 0 && count == 2
                }
            }
            #expect(try await hub.count("ledger") == 2)
        }
    }

    @Test func `a discarded dead letter never returns to the list`() async throws {
        try await TestHub.with { hub in
            try await Guarantee4Tests.append(hub, 2)
            let handler = Guarantee4Tests.failing { _ in Failure.permanent("bug") }
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.deadLetters.list().count == 1 }
            }
            let letter = try #require(try await hub.deadLetters.list().first)
            #expect(try await hub.deadLetters.discard([letter.id], batchID: "dsc_1").done == [letter.id])
            #expect(try await hub.deadLetters.list().isEmpty)
            #expect(try await hub.deadLetters.redrive([letter.id], batchID: "rdv_1").skipped == [letter.id])
            #expect(try await hub.deadLetters.show(letter.id) == letter)
        }
    }

    /// A dead letter as a consumer would have left it, of the event at `offset`, having failed for the last time at a second.
    private func add(
        _ hub: TestHub, to group: ConsumerGroup, partition: Int, origin offset: Int, failedAt second: Int
    ) async throws -> DeadLetter.ID {
        let time = Date(timeIntervalSince1970: Double(second))
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let record = NewRecord(
            topic: TopicCatalogue.deadLetter(for: group).name, partition: partition, key: "k",
            headers: [
                RecordHeader(DeadLetterHeader.topic, "user.registered"),
                RecordHeader(DeadLetterHeader.partition, "\(partition)"),
                RecordHeader(DeadLetterHeader.offset, "\(offset)"),
                RecordHeader(DeadLetterHeader.lastFailedAt, time),
            ], value: [])
        guard case .accepted(let position?)? = await hub.log.append([record]).first else { throw CancellationError() }
        return DeadLetter.ID(group: group, partition: partition, offset: position.offset)
    }

    @Test func `a limited list has the oldest failures of all partitions and groups, each once`() async throws {
        try await TestHub.with { hub in
            let groups: [ConsumerGroup] = ["gamification", "gamification.watcher"]
            var ids: [Int: DeadLetter.ID] = [:]
            for (second, group, partition) in [
                (9, 0, 0), (8, 0, 0), (7, 0, 0), (3, 0, 1), (4, 0, 1), (2, 1, 0), (5, 1, 2), (1, 1, 2), (6, 1, 2),
            ] {
                ids[second] = try await add(
                    hub, to: groups[group], partition: partition, origin: second, failedAt: second)
            }
            // A consumer that died before it had committed the offset has left its dead letter twice.
            for second in [1, 3, 9] {
                _ = try await add(
                    hub, to: groups[second == 1 ? 1 : 0], partition: [1: 2, 3: 1, 9: 0][second] ?? 0, origin: second,
                    failedAt: second + 10)
            }
            for countMax in 1...10 {
                let listed = try await hub.deadLetters.list(countMax: countMax).map(\.id)
                #expect(listed == (1...min(9, countMax)).compactMap { ids[$0] })
            }
            #expect(
                try await hub.deadLetters.list(group: groups[0], countMax: 2).map(\.id)
                    == [3, 4].compactMap { ids[$0] })

            let third = try #require(ids[3]), gone = try #require(ids[1])
            #expect(try await hub.deadLetters.discard([third, gone], batchID: "dsc_1").done == [third, gone])
            #expect(try await hub.deadLetters.list(countMax: 2).map(\.id) == [2, 4].compactMap { ids[$0] })
        }
    }
}
