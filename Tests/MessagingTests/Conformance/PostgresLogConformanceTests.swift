import EventLoop
import HubTesting
import Messaging
import Observability
import Postgres
import Synchronization
import Testing

@Suite struct PostgresLogConformanceTests {
    @Test(arguments: EventLogBehaviour.all)
    func `the log in PostgreSQL behaves as every log does`(_ behaviour: EventLogBehaviour) async throws {
        let template = TestDatabase.Template(schema: PostgresLog.schema, PostgresLog.migrations)
        try await TestDatabase.with(template) { test in
            let factory = PostgresLogFactory(test: test)
            let log = try await factory.connect()
            try await behaviour.check(LogUnderTest(log: log, factory: factory))
            await factory.closeAll()
        }
    }
}

/// Each client has connections of its own.
final class PostgresLogFactory: EventLogFactory {
    private let test: TestDatabase
    private let clients = Mutex<[(log: PostgresLog, database: Database)]>([])

    init(test: TestDatabase) { self.test = test }

    var limits: SubscriptionLimits {
        var limits = SubscriptionLimits()
        limits.leaseDuration = .seconds(2)
        limits.heartbeatInterval = .milliseconds(200)
        return limits
    }

    func connect() async throws -> any EventLog {
        let database = test.connect(.init(schema: PostgresLog.schema))
        let log = PostgresLog(
            database: database, loops: TestLoops.shared,
            logger: Logger(label: "test", level: .warning, sink: LogRecorder()))
        clients.withLock { $0.append((log, database)) }
        return log
    }

    /// Its connections end, so the server ends its session; the rows of its members stay.
    func kill(_ log: any EventLog) async {
        let client = clients.withLock { $0.first { $0.log === log as? PostgresLog } }
        await client?.database.close()
    }

    func closeAll() async {
        for client in clients.withLock({ $0 }) {
            await client.log.close()
            await client.database.close()
        }
    }
}
