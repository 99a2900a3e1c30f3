import EventLoop
import HubTesting
@testable import Messaging
import Observability
import Postgres
import Synchronization
import Testing

@Suite(.serialized) struct PostgresLogConformanceTests {
    @Test(arguments: EventLogBehaviour.all)
    func `the log in PostgreSQL passes the conformance suite`(_ behaviour: EventLogBehaviour) async throws {
        let template = TestDatabase.Template(schema: PostgresLog.schema, [PostgresLog.migrations])
        try await TestDatabase.with(template) { test in
            let factory = PostgresLogFactory(test: test)
            let log = try await factory.connect()
            try await behaviour.check(LogUnderTest(log: log, factory: factory))
            await factory.closeAll()
        }
    }

    /// A member can lose a partition and get it again; commits of the earlier lease are too late.
    @Test func `only the holder of the current lease can commit the position of a partition`() async throws {
        let template = TestDatabase.Template(schema: PostgresLog.schema, [PostgresLog.migrations])
        try await TestDatabase.with(template) { test in
            let factory = PostgresLogFactory(test: test)
            let log = try #require(try await factory.connect() as? PostgresLog)
            let tested = LogUnderTest(log: log, factory: factory)
            try await tested.make(partitions: 1)
            try await tested.append((0..<9).map { tested.record("k", "\($0)") })
            let subscription = try await tested.subscribe()
            let lease = try await tested.lease(subscription)
            let rows = try await test.database.query(
                "select partition_id, generation, member_id from event_log.group_partition where group_name = \(tested.group)"
            )
            let (id, generation, member) = try #require(try rows.first?.decode(Int64.self, Int64.self, String.self))
            func stored(_ offset: Int64, _ generation: Int64, by member: String) async throws -> Int64? {
                try await log.store(
                    [OffsetCommit(id: id, generation: generation, offset: offset)], of: tested.group, by: member)
                let rows = try await test.database.query(
                    "select committed from event_log.group_partition where group_name = \(tested.group)")
                return try rows.first?.decode(Int64?.self) ?? nil
            }
            #expect(try await stored(3, generation, by: member) == 3)
            #expect(try await stored(4, generation - 1, by: member) == 3)
            #expect(try await stored(5, generation, by: "another") == 3)
            await lease.release()
            await subscription.close()
            await factory.closeAll()
        }
    }
}

/// Each client has separate connections.
final class PostgresLogFactory: EventLogFactory {
    private let test: TestDatabase
    private let clients = Mutex<[(log: PostgresLog, database: Database, running: Task<Void, any Error>)]>([])

    init(test: TestDatabase) { self.test = test }

    var limits: SubscriptionLimits {
        var limits = SubscriptionLimits()
        limits.leaseDuration = .seconds(6)
        limits.heartbeatInterval = .milliseconds(200)
        return limits
    }

    let abilities: Set<LogAbility> = [.risingTimes, .kill]

    func connect() async throws -> any EventLog {
        let name = "client-\(UInt64.random(in: 0...UInt64.max))"
        let database = test.connect(.init(applicationName: name, schema: PostgresLog.schema))
        let log = PostgresLog(
            database: database, loops: TestLoops.shared,
            logger: Logger(label: "test", level: .warning, sink: LogRecorder()))
        let running = TestLoops.shared.next().start("log of \(name)") { try await log.run() }
        clients.withLock { $0.append((log, database, running)) }
        return log
    }

    /// Its connections break and it opens no new one; the rows of its members stay.
    func kill(_ log: any EventLog) async {
        guard let client = clients.withLock({ $0.first { $0.log === log as? PostgresLog } }) else { return }
        let name = client.database.configuration.applicationName
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.database.close() }
            group.addTask {
                try? await eventually {
                    try await self.test.database.query(
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = \(name)"
                    ).isEmpty
                }
            }
        }
    }

    func removeRecords(of partition: TopicPartition, below offset: Int64, _ log: any EventLog) async throws {
        _ = try await test.database.query(
            """
            with gone as (delete from event_log.record where "offset" < \(offset))
            update event_log.partition set first_offset = \(offset)
            """)
    }

    func closeAll() async {
        for client in clients.withLock({ $0 }) {
            client.running.cancel()
            _ = await client.running.result
            await client.database.close()
        }
    }
}
