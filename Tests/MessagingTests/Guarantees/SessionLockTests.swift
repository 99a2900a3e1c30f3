import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import Testing

/// What the holders of long-lived locks keep on the server: the lock, and nothing that others wait for.
@Suite struct SessionLockTests {
    /// Starts a relay under a name of its own beside `body`, with an outbox of its own as another process would have it.
    private func relaying(_ hub: TestHub, as name: String, _ body: (Relay) async throws -> Void) async throws {
        let database = hub.test.connect(.init(applicationName: name, schema: "user"))
        let relay = Relay(
            outbox: Outbox(service: .user, codec: hub.codec), database: database, log: hub.log,
            loops: TestLoops.shared, logger: hub.logger, metrics: hub.metrics)
        try await hub.running([relay.run]) { try await body(relay) }
        await database.close()
    }

    /// How many connections of that name there are whose statement, running or last, has `text` in it, and which `condition`.
    private func connections(
        _ hub: TestHub, named name: String, saying text: String = "", which condition: SQL = "true"
    ) async throws -> Int {
        let rows = try await hub.test.database.query(
            """
            select count(*) from pg_stat_activity
            where application_name = \(name) and position(\(text) in query) > 0 and \(condition)
            """)
        return try rows[0].decode(Int.self)
    }

    @Test func `a stand-by relay holds no snapshot`() async throws {
        try await TestHub.with { hub in
            try await relaying(hub, as: "active") { active in
                try await eventually { active.isActive }
                try await relaying(hub, as: "stand-by") { standby in
                    try await eventually { try await connections(hub, named: "stand-by", saying: "advisory") > 0 }
                    // Well within the ten seconds that a statement may take.
                    try await eventually(within: .seconds(5)) {
                        let asked = try await connections(
                            hub, named: "stand-by", saying: "advisory", which: "state = 'idle'")
                        let busy = try await connections(hub, named: "stand-by", which: "xact_start is not null")
                        return asked > 0 && busy == 0
                    }
                    #expect(active.isActive && !standby.isActive)
                }
            }
        }
    }

    @Test func `an active relay does not block a migration of its outbox`() async throws {
        try await TestHub.with { hub in
            try await relaying(hub, as: "active") { active in
                try await eventually { active.isActive }
                try await hub.register(TestHub.user(1))
                try await eventually { try await hub.records(of: "user.registered").count == 1 }
                let owner = hub.test.connect(.init(statementTimeout: .seconds(5), schema: "user"))
                try await owner.execute("alter table outbox add column remark text")
                await owner.close()
                try await hub.register(TestHub.user(2))
                try await eventually { try await hub.records(of: "user.registered").count == 2 }
                #expect(active.isActive)
            }
        }
    }

    @Test func `an idle log holds no snapshot`() async throws {
        try await TestHub.with { hub in
            let database = hub.test.connect(.init(applicationName: "living log", schema: PostgresLog.schema))
            let log = PostgresLog(database: database, loops: TestLoops.shared, logger: hub.logger)
            try await hub.running([log.run]) {
                try await eventually { try await connections(hub, named: "living log", saying: "advisory") > 0 }
                try await eventually {
                    try await connections(hub, named: "living log", which: "xact_start is not null") == 0
                }
            }
            await database.close()
        }
    }

    @Test func `a frozen relay loses its lock, and no event is lost or reordered`() async throws {
        try await TestHub.with { hub in
            let process = try TestProcess(hub)
            var limits = RelayLimits()
            limits.silenceMax = .seconds(1)
            let frozen = Relay(
                outbox: Outbox(service: .user, codec: hub.codec), database: process.user, log: hub.log,
                loops: process.loops, limits: limits, logger: hub.logger, metrics: hub.metrics)
            let other = hub.relay()
            var sent: [String: [String]] = [:]
            func register(_ count: Int) async throws {
                for number in 0..<count {
                    let user = TestHub.user(number % 3)
                    sent[user.rawValue, default: []].append(try await hub.register(user).rawValue)
                }
            }
            func arrived() async throws -> [String: [String]] {
                var known: Set<String> = []
                return Dictionary(grouping: try await hub.records(of: "user.registered"), by: \.keyText).mapValues {
                    $0.compactMap { $0.headers[HeaderName.eventID] }.filter { known.insert($0).inserted }
                }
            }
            try await hub.running([frozen.run]) {
                try await eventually { frozen.isActive }
                try await hub.running([other.run]) {
                    try await register(9)
                    try await eventually { try await arrived() == sent }
                    #expect(frozen.isActive && !other.isActive)
                    process.freeze()
                    defer { process.wake() }
                    try await register(9)
                    try await eventually { other.isActive }
                    try await eventually { try await arrived() == sent }
                    process.wake()
                    try await eventually { !frozen.isActive }
                    try await register(9)
                    try await eventually { try await arrived() == sent }
                }
            }
            await process.end()
        }
    }

    @Test func `a relay that waits for the log keeps its lock`() async throws {
        try await TestHub.with { hub in
            let log = FaultyLog(hub.log), goOn = Gate()
            log.stall(until: goOn)
            var limits = RelayLimits()
            limits.silenceMax = .seconds(1)
            limits.pollInterval = .seconds(3_600)
            let waiting = hub.relay(limits: limits, log: log)
            let other = Relay(
                outbox: Outbox(service: .user, codec: hub.codec), database: hub.user, log: hub.log,
                loops: TestLoops.shared, limits: limits, logger: hub.logger, metrics: hub.metrics)
            try await hub.running([waiting.run]) {
                try await eventually { waiting.isActive }
                try await hub.running([other.run]) {
                    try await hub.register(TestHub.user(1))
                    let end = ContinuousClock.now + limits.silenceMax * 3
                    try await eventually { ContinuousClock.now > end }
                    #expect(waiting.isActive && !other.isActive)
                    goOn.open()
                    try await eventually { try await hub.count("outbox", in: hub.user) == 0 }
                }
            }
            #expect(try await hub.records(of: "user.registered").count == 1)
        }
    }

    @Test func `the partitions of a frozen process are reassigned before its leases expire`() async throws {
        try await TestHub.with { hub in
            let process = try TestProcess(hub)
            let frozen = process.log
            let running = process.loops.next().start("log") { try await frozen.run() }
            var limits = SubscriptionLimits()
            limits.leaseDuration = .seconds(3_600)
            limits.heartbeatInterval = .milliseconds(100)
            let topic = "user.registered"
            let first = try await frozen.subscribe("readers", to: [topic], limits: limits)
            let held = Collected<any Lease>(), taken = Collected<any Lease>()
            @Sendable func collect(_ subscription: any Subscription, in leases: Collected<any Lease>) async throws {
                while let lease = try await subscription.nextLease() { leases.add(lease) }
            }
            try await hub.running([{ try await collect(first, in: held) }]) {
                try await eventually { held.values.count == 3 }
            }
            let before = held.values
            process.freeze()
            defer { process.wake() }
            let second = try await hub.log.subscribe("readers", to: [topic], limits: limits)
            try await hub.running([{ try await collect(second, in: taken) }]) {
                try await eventually { taken.values.count == 3 }
            }
            #expect(Set(taken.values.map(\.partition)) == Set(before.map(\.partition)))
            process.wake()
            try await eventually { before.allSatisfy(\.isRevoked) }
            await first.close()
            await second.close()
            running.cancel()
            _ = await running.result
            await process.end()
        }
    }
}
