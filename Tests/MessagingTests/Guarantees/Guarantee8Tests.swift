import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import Testing

/// Replay reads a range again with a throw-away group; what happened outside does not happen again.
@Suite struct Guarantee8Tests {
    private func replay(_ hub: TestHub, _ handlers: [Handler]) -> Replay {
        Replay(
            group: .gamification, handlers: handlers, database: hub.gamification, log: hub.log, codec: hub.codec,
            loops: TestLoops.shared, logger: hub.logger)
    }

    @Test func `a replay runs handlers without external effects, and the group keeps its position`() async throws {
        try await TestHub.with { hub in
            let mails = Collected<Bool>(), aware = Collected<Bool>()
            let handlers = [
                Handler.ledger,
                Handler(name: "mail", on: UserRegistered.self, hasExternalEffects: true) { received, _ in
                    mails.add(received.isReplay)
                },
                Handler(name: "aware", on: UserRegistered.self, hasExternalEffects: true, runsInReplay: true) {
                    received, _ in
                    aware.add(received.isReplay)
                },
            ]
            try await Guarantee4Tests.append(hub, 10)
            try await hub.running([hub.consuming(handlers)]) {
                try await eventually { (try await hub.lag(), try await hub.count("ledger")) == (0, 10) }
            }
            let before = try await hub.log.positions(of: nil)
            let report = try await replay(hub, handlers).run(from: .beginning, replayID: "r1")
            #expect(report.read == 10 && report.handled == 10 && report.failureCount == 0)
            #expect(report.group == "gamification.replay-r1")
            #expect(try await hub.count("ledger") == 20)
            #expect(try await hub.count("ledger where is_replay") == 10)
            #expect(mails.values == Array(repeating: false, count: 10))
            #expect(aware.values.filter { $0 }.count == 10)
            #expect(try await hub.log.positions(of: nil) == before)
        }
    }

    @Test func `a repeated replay continues, and a forgotten one starts again`() async throws {
        try await TestHub.with { hub in
            try await Guarantee4Tests.append(hub, 10)
            let replay = replay(hub, [.ledger])
            #expect(try await replay.run(from: .beginning, replayID: "r").handled == 10)
            #expect(try await replay.run(from: .beginning, replayID: "r").handled == 0)
            try await replay.forget(replayID: "r")
            #expect(try await replay.run(from: .beginning, replayID: "r").handled == 10)
        }
    }

    @Test func `a range is chosen by offset and by time`() async throws {
        try await TestHub.with { hub in
            for number in 0..<12 {
                _ = await hub.log.append([
                    try hub.record(TestHub.user(1), eventID: Guarantee3Tests.event(number), email: "\(number)")
                ])
            }
            let records = try await hub.records(of: "user.registered")
            let partition = records[0].position.partition
            let replay = replay(hub, [.ledger])
            let byOffset = try await replay.run(from: .offsets([partition: 9]), replayID: "offset")
            #expect(byOffset.handled == 3)
            let byTime = try await replay.run(
                from: .time(records[4].time), until: records[8].time, topics: [.userRegistered], replayID: "time")
            let expected = records.filter { $0.time >= records[4].time && $0.time < records[8].time }.count
            #expect(byTime.handled == expected)
            let turns = try await hub.ledger().compactMap { Int($0.detail) }
            #expect(Array(turns.prefix(3)) == [9, 10, 11])
            #expect(turns.count == 3 + expected)
        }
    }

    @Test(arguments: [false, true])
    func `a replay sends the events of handlers only if requested`(again: Bool)
        async throws
    {
        try await TestHub.with { hub in
            let outbox = Outbox(service: .gamification, codec: hub.codec)
            let handler = Handler(name: "award", on: UserRegistered.self) { received, tx in
                try outbox.append(
                    PointsAwarded(
                        awardID: PointsAwardID(checked: "pts_1"), userID: received.event.userID, points: 10,
                        rule: "sign-up", sourceEventID: received.eventID, totalPoints: 10, milestone: nil,
                        awardedAt: Date(timeIntervalSince1970: 0)), on: tx)
            }
            try await Guarantee4Tests.append(hub, 5)
            _ = try await replay(hub, [handler]).run(from: .beginning, replayID: "r", sendsEvents: again)
            #expect(try await hub.count("outbox") == (again ? 5 : 0))
        }
    }

    @Test func `a failed event of a replay is reported, and the rest is handled`() async throws {
        try await TestHub.with { hub in
            try await Guarantee4Tests.append(hub, 10)
            let handler = Guarantee4Tests.failing { _ in Failure.permanent("bug") }
            let report = try await replay(hub, [handler]).run(from: .beginning, replayID: "r")
            #expect(report.handled == 9 && report.failureCount == 1)
            #expect(report.failures.values.first == "bug")
            #expect(try await hub.deadLetters.list().isEmpty)
        }
    }
}
