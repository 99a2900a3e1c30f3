internal import EventLoop
internal import Platform
internal import Postgres

/// Repeated selects of one row by key: single statements of many tasks on one pipelined connection, compared with PostgreSQL's
/// pgbench on eight connections and the same table. Also a reference for this machine's speed.
enum PostgresBench {
    private static let runs = 3
    private static let taskCount = 256
    private static let selectsPerTask = 200
    private static let accountCount = 100_000

    static let rows = [
        BenchRow(name: "postgres.select", unit: .perSecond) { hub in
            let url = try await hub.environment()[PlatformSettings.databaseURL.name] ?? ""
            let pgbench = try await hub.running().programsFolder() + "/pgbench"
            let loops = try EventLoopGroup(count: 1, name: "bench")
            let database = Database(url: url, loops: loops)
            for statement in tables { try await database.execute(statement) }
            var values: [Double] = [], twins: [Double] = []
            for _ in 0..<runs {
                values.append(try await selects(on: database, loops.next()))
                twins.append(try twin(pgbench, url))
            }
            await database.close()
            await loops.shutdown()
            return Measurement(values, twin: twins)
        }
    ]

    /// Selects a second.
    private static func selects(on database: Database, _ loop: EventLoop) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<taskCount {
                group.addTask(executorPreference: loop) {
                    for _ in 0..<selectsPerTask {
                        let id = Int32.random(in: 1...Int32(accountCount))
                        let rows = try await database.query(
                            "select abalance from pgbench_accounts where aid = \(id)")
                        guard rows.count == 1 else { throw CommandFailure("a row is missing") }
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(taskCount * selectsPerTask) / (start.duration(to: .now) / .seconds(1))
    }

    /// As pgbench creates them.
    private static let tables: [SQL] = [
        "create table pgbench_branches (bid int primary key, bbalance int)",
        "insert into pgbench_branches values (1, 0)",
        "create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))",
        "insert into pgbench_accounts select n, 1, 0, '' from generate_series(1, \(Int64(accountCount))) n",
        "analyze",
    ]

    private static func twin(_ pgbench: String, _ url: String) throws -> Double {
        let process = try ChildProcess(
            [pgbench, "--select-only", "--protocol=prepared", "--client=8", "--jobs=2", "--time=2", "--no-vacuum", url])
        return try process.transactionsPerSecond()
    }
}
