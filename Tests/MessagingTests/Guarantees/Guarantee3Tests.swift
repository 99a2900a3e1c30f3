import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import SchemaRegistry
import Testing

/// An effect and its inbox row commit in one transaction, the offset after it; redelivery has no second effect.
@Suite struct Guarantee3Tests {
    static func event(_ number: Int) -> EventID { EventID(checked: "evt_\(number)") }

    @Test func `an event has its effect once, however often it is in the log`() async throws {
        try await TestHub.with { hub in
            let record = try hub.record(TestHub.user(1), eventID: Self.event(1))
            let other = try hub.record(TestHub.user(1), eventID: Self.event(2))
            _ = await hub.log.append([record, record, other, record])
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.lag() == 0 }
                _ = await hub.log.append([record])
                try await eventually { try await hub.lag() == 0 }
            }
            #expect(try await hub.ledger().map(\.event) == ["evt_1", "evt_2"])
        }
    }

    @Test func `a repeated batch has no second effect`() async throws {
        try await TestHub.with { hub in
            _ = await hub.log.append(try (0..<40).map { try hub.record(TestHub.user($0), eventID: Self.event($0)) })
            for _ in 0..<2 {
                try await hub.running([hub.consuming([.ledger])]) {
                    try await eventually { try await hub.lag() == 0 }
                }
                #expect(try await hub.count("ledger") == 40)
                #expect(try await hub.count("inbox") == 40)
                try await hub.rewind()
                #expect(try await hub.lag() == 40)
            }
        }
    }

    @Test func `a position commits together with the effects before it`() async throws {
        try await TestHub.with { hub in
            let isUp = Gate()
            let handler = Handler(name: "refusedAtCommit", on: UserRegistered.self) { received, tx in
                try await TestHub.write(received, tx)
                if isUp.passed == 0 { tx.submit("select 1 / 0") }
            }
            _ = await hub.log.append(try (0..<9).map { try hub.record(TestHub.user($0), eventID: Self.event($0)) })
            try await hub.running([hub.consuming([handler])]) {
                try await eventually { try await hub.lag() == 9 }
                isUp.open()
                try await eventually {
                    let done = 9 - Int(try await hub.lag() ?? 9)
                    let effects = try await hub.count("ledger")
                    let letters = try await hub.deadLetters.list().count
                    #expect(effects + letters >= done)
                    return done == 9
                }
            }
        }
    }

    @Test func `a handler that fails after its effect leaves neither effect nor inbox row`() async throws {
        try await TestHub.with { hub in
            let tried = Gate()
            let handler = Handler(name: "failAfterEffect", on: UserRegistered.self) { received, tx in
                try await TestHub.write(received, tx)
                tried.open()
                throw Failure.dependencyDown("not yet")
            }
            _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Self.event(1))])
            try await hub.running([hub.consuming([handler])]) {
                try await tried.wait(3)
                #expect(try await hub.count("ledger") == 0)
                #expect(try await hub.count("inbox") == 0)
                #expect(try await hub.lag() == 1)
            }
        }
    }

    @Test func `an inbox row outlives its event in the topic and in the dead letters, and is removed then`()
        async throws
    {
        try await TestHub.with { hub in
            _ = await hub.log.append([try hub.record(TestHub.user(1), eventID: Self.event(1))])
            try await hub.running([hub.consuming([.ledger])]) {
                try await eventually { try await hub.count("inbox") == 1 }
            }
            let days = try await hub.gamification.query(
                "select extract(epoch from expires_at - handled_at)::bigint / 86400 from inbox")[0].decode(Int.self)
            #expect(days >= Topic.userRegistered.retentionDays)
            #expect(days >= TopicCatalogue.deadLetter(for: .gamification).retentionDays)
            _ = try await hub.gamification.execute("update inbox set expires_at = now() - interval '1 s'")
            try await MessagingUpkeep(of: .gamification, in: hub.gamification).forgetHandled()
            #expect(try await hub.count("inbox") == 0)
        }
    }

    @Test func `no event is lost when connections are cut at any time`() async throws {
        try await TestHub.with { hub in
            let total = 600
            let admin = hub.test.database
            try await hub.running([hub.relay().run, hub.consuming([.ledger])]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for number in 0..<total {
                            // A client retries, as over HTTP, until it gets a success.
                            try await eventually { (try? await hub.registerOnce(number)) != nil }
                        }
                    }
                    group.addTask {
                        for share in 1...8 {
                            try await eventually(within: .seconds(60)) {
                                (try? await hub.count("ledger")) ?? 0 >= share * 50
                            }
                            // Its own connections of another loop may be among those that it cut the time before.
                            try await eventually {
                                let cut = try? await admin.query(
                                    """
                                    select pg_terminate_backend(pid) from pg_stat_activity
                                    where datname = current_database() and pid <> pg_backend_pid() and random() < 0.7
                                    """)
                                return cut != nil
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually(within: .seconds(60)) { (try? await hub.count("ledger")) ?? 0 >= total }
                try await eventually(within: .seconds(60)) { (try? await hub.lag()) == 0 }
            }
            let entries = try await hub.ledger()
            #expect(entries.count == total)
            for user in 0..<10 {
                let turns = entries.filter { $0.user == "usr_\(user)" }.compactMap { Int($0.detail) }
                #expect(turns == turns.sorted())
            }
        }
    }
}

extension TestHub {
    /// Registers a person unless that was done before, like a client that got no response.
    func registerOnce(_ number: Int) async throws {
        try await user.transaction { tx in
            let added = try await tx.execute(
                "insert into account (id, email) values (\("usr_\(number)"), 'x') on conflict do nothing")
            guard added == 1 else { return }
            try outbox.append(Self.registered(Self.user(number % 10), email: "\(number)"), on: tx)
        }
    }
}
