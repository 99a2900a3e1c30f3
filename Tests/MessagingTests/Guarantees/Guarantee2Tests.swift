import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import SchemaRegistry
import Testing

/// The relay: outbox order per key, acknowledgement before removal, one at a time, nothing dropped.
@Suite struct Guarantee2Tests {
    /// Event ids in the order of the outbox, kept by a trigger since the relay removes the rows.
    private func keepOrder(_ hub: TestHub) async throws {
        for statement in [
            "create table outbox_seen (id bigint, event_id text, key text)",
            """
            create function keep() returns trigger language plpgsql as $$
            begin insert into "user".outbox_seen values (new.id, new.event_id, convert_from(new.key, 'UTF8')); return new; end $$
            """,
            "create trigger keep after insert on outbox for each row execute function keep()",
        ] { _ = try await hub.user.query(SQL(raw: statement)) }
    }

    private func seen(_ hub: TestHub, key: String) async throws -> [String] {
        try await hub.user.query("select event_id from outbox_seen where key = \(key) order by id")
            .map { try $0.decode(String.self) }
    }

    @Test func `a stopped relay leaves no sent events in the outbox`() async throws {
        try await TestHub.with { hub in
            var limits = RelayLimits()
            limits.pollInterval = .seconds(3_600)
            limits.removalDelay = .seconds(3_600)
            try await hub.running([hub.relay(limits: limits).run]) {
                for number in 1...2 {
                    try await hub.register(TestHub.user(number))
                    try await eventually { try await hub.records(of: "user.registered").count == number }
                }
                // The first was removed by the way, the second waits.
                #expect(try await hub.count("outbox", in: hub.user) == 1)
            }
            #expect(try await hub.count("outbox", in: hub.user) == 0)
        }
    }

    @Test func `refused events are kept for thirty days`() async throws {
        try await TestHub.with { hub in
            for (id, days) in [(1, 31), (2, 29)] {
                try await hub.user.execute(
                    """
                    insert into outbox_dead (id, created_at, refused_at, reason, topic, key, event_id, headers, value)
                    values (\(Int64(id)), now(), now() - \(Int64(days)) * interval '1 day', 'too large', 't', 'k', 'e',
                        ''::bytea, ''::bytea)
                    """)
            }
            let removedCount = try await MessagingUpkeep(of: .user, in: hub.user).forgetRefused()
            #expect(removedCount == 1)
            #expect(try await RefusedEvents(service: .user, database: hub.user).list().map(\.id) == [2])
        }
    }

    @Test func `events of a key reach the log in the order of the outbox, however transactions commit`() async throws {
        try await TestHub.with { hub in
            try await keepOrder(hub)
            try await hub.running([hub.relay().run]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<12 {
                        group.addTask {
                            for turn in 0..<20 {
                                try await hub.user.transaction { tx in
                                    _ = try await tx.query("select 1")
                                    for key in [writer % 3, 3] {
                                        let event = TestHub.registered(TestHub.user(key), email: "\(writer):\(turn)")
                                        try hub.outbox.append(event, on: tx)
                                    }
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually { try await hub.records(of: "user.registered").count >= 480 }
            }
            let records = try await hub.records(of: "user.registered")
            #expect(records.count == 480)
            for key in 0..<4 {
                let inLog = records.filter { $0.keyText == "usr_\(key)" }.compactMap { $0.headers[HeaderName.eventID] }
                #expect(try await seen(hub, key: "usr_\(key)") == inLog)
            }
        }
    }

    /// Holds a transaction open that has its outbox ids already.
    private func registering(_ hub: TestHub, _ email: String, until gate: Gate, failing: Bool = false) async throws {
        try await hub.user.transaction { tx in
            try hub.outbox.append(TestHub.registered(TestHub.user(1), email: email), on: tx)
            tx.beforeCommit { tx in
                _ = try await tx.query("select 1")
                try await gate.wait()
                if failing { throw Guarantee1Tests.Refusal() }
            }
        }
    }

    /// The relay waits at the gap for the lock that the open transaction holds in shared mode.
    private func relayWaits(_ hub: TestHub) async throws -> Bool {
        try await !hub.test.database.query(
            """
            select from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted
                and database = (select oid from pg_database where datname = current_database())
            """
        ).isEmpty
    }

    @Test(arguments: [false, true])
    func `an event does not overtake an earlier one whose transaction is still open`(rollsBack: Bool) async throws {
        try await TestHub.with { hub in
            let gate = Gate()
            try await hub.running([hub.relay().run]) {
                // The relay has started, so a missing id is a gap, not the beginning.
                try await hub.register(TestHub.user(0))
                try await eventually { try await hub.records(of: "user.registered").count == 1 }
                async let slow: Void = registering(hub, "slow", until: gate, failing: rollsBack)
                try await eventually {
                    try await hub.test.database.query(
                        """
                        select from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted
                            and database = (select oid from pg_database where datname = current_database())
                        """
                    ).count == 1
                }
                async let fast = hub.register(TestHub.user(1), email: "fast")
                try await eventually { try await relayWaits(hub) }
                #expect(try await hub.records(of: "user.registered").count == 1)
                gate.open()
                try? await slow
                _ = try await fast
                try await eventually { try await hub.records(of: "user.registered").count == (rollsBack ? 2 : 3) }
            }
            var mails: [String] = []
            for record in try await hub.records(of: "user.registered") where record.keyText == "usr_1" {
                mails.append(try await hub.codec.decode(record.value ?? [], as: UserRegistered.self).data.email)
            }
            #expect(mails == (rollsBack ? ["fast"] : ["slow", "fast"]))
        }
    }

    @Test func `rows stay in the outbox until the log has acknowledged them`() async throws {
        try await TestHub.with { hub in
            let asked = Gate()
            let log = FaultyLog(hub.log) { _ in
                asked.open()
                return .retry("not now")
            }
            for number in 0..<5 { try await hub.register(TestHub.user(number)) }
            try await hub.running([hub.relay(log: log).run]) {
                try await asked.wait(3)
                #expect(try await hub.count("outbox", in: hub.user) == 5)
                #expect(try await hub.records(of: "user.registered").isEmpty)
                log.answer(nil)
                try await eventually { try await hub.count("outbox", in: hub.user) == 0 }
            }
            #expect(try await hub.records(of: "user.registered").count == 5)
        }
    }

    @Test func `an event that is sent again is not overtaken by a later one of its key`() async throws {
        try await TestHub.with { hub in
            let asked = Gate()
            // The third event of each batch is not taken, ten times.
            let log = FaultyLog(hub.log) { record in
                guard record.headers[HeaderName.eventType] == "user.registered", asked.passed < 10 else { return nil }
                asked.open()
                return asked.passed % 3 == 0 ? .retry("not now") : nil
            }
            try await keepOrder(hub)
            for number in 0..<30 { try await hub.register(TestHub.user(number % 2), email: "\(number)") }
            try await hub.running([hub.relay(log: log).run]) {
                try await eventually { try await hub.count("outbox", in: hub.user) == 0 }
            }
            for key in ["usr_0", "usr_1"] {
                let inLog = try await hub.records(of: "user.registered").filter { $0.keyText == key }
                #expect(try await seen(hub, key: key) == inLog.compactMap { $0.headers[HeaderName.eventID] })
            }
        }
    }

    @Test func `an event that the log refuses permanently is kept and can be sent again`() async throws {
        try await TestHub.with { hub in
            try await hub.log.deleteTopics([Topic.userDeleted.name])
            try await hub.running([hub.relay().run]) {
                try await hub.user.transaction { tx in
                    try hub.outbox.append(
                        UserDeleted(userID: TestHub.user(1), reason: nil, deletedAt: .init(timeIntervalSince1970: 0)),
                        on: tx)
                    try hub.outbox.append(TestHub.registered(TestHub.user(2)), on: tx)
                }
                try await eventually { try await hub.count("outbox_dead", in: hub.user) == 1 }
                try await eventually { try await hub.records(of: "user.registered").count == 1 }
                let refused = RefusedEvents(service: .user, database: hub.user)
                let listed = try await refused.list()
                #expect(listed.map(\.topic) == ["user.deleted"])
                #expect(listed.first?.reason == "unknown topic user.deleted")
                try await hub.log.make([TopicSettings(.userDeleted)])
                #expect(try await refused.redrive(listed.map(\.id)) == 1)
                try await eventually { try await hub.records(of: "user.deleted").count == 1 }
            }
            #expect(try await hub.count("outbox_dead", in: hub.user) == 0)
        }
    }

    @Test func `one relay is active, and another takes over when it dies`() async throws {
        try await TestHub.with { hub in
            let doomed = hub.test.connect(.init(applicationName: "doomed", schema: "user"))
            let outbox = Outbox(service: .user, codec: hub.codec)
            let first = Relay(
                outbox: outbox, database: doomed, log: hub.log, loops: TestLoops.shared, logger: hub.logger,
                metrics: hub.metrics)
            let second = hub.relay()
            let firstTask = TestLoops.shared.next().start("first relay") { try await first.run() }
            try await eventually { first.isActive }
            try await hub.running([second.run]) {
                for number in 0..<50 { try await hub.register(TestHub.user(number)) }
                try await eventually { try await hub.records(of: "user.registered").count == 50 }
                #expect(first.isActive && !second.isActive)
                // Dies: its connections are lost and it opens no new ones.
                firstTask.cancel()
                _ = try await hub.test.database.query(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'")
                for number in 50..<100 { try await hub.register(TestHub.user(number)) }
                try await eventually { second.isActive }
                try await eventually { try await hub.records(of: "user.registered").count >= 100 }
            }
            _ = await firstTask.result
            await doomed.close()
            let ids = try await hub.records(of: "user.registered").compactMap { $0.headers[HeaderName.eventID] }
            #expect(Set(ids).count == 100)
        }
    }
}
