internal import Avro
internal import Contracts
internal import EventLoop
internal import HTTP
internal import Platform
internal import Postgres
internal import Synchronization

/// Flow 1 under a steady load: from the 2xx of a registration until its ledger row can be seen.
enum FlowBench {
    private static let runs = 3
    private static let durationSeconds = 3
    private static let warmUpSeconds = 10

    static let rows = [
        BenchRow(name: "flow.registration-p50", unit: .milliseconds) { hub in
            Measurement(try await onPostgres(hub).map { $0.percentile(50) })
        },
        BenchRow(name: "flow.registration-p99", unit: .milliseconds) { hub in
            Measurement(try await onPostgres(hub).map { $0.percentile(99) })
        },
        BenchRow(name: "flow.registration-kafka-p50", unit: .milliseconds) { hub in
            Measurement(try await onKafka(hub).map { $0.percentile(50) })
        },
        BenchRow(name: "flow.registration-kafka-p99", unit: .milliseconds) { hub in
            Measurement(try await onKafka(hub).map { $0.percentile(99) })
        },
    ]

    private static func onPostgres(_ hub: BenchHub) async throws -> [[Double]] {
        try await hub.once("flow.registration") { try await measure(try await hub.environment(), perSecond: 500) }
    }

    private static func onKafka(_ hub: BenchHub) async throws -> [[Double]] {
        try await hub.once("flow.registration-kafka") {
            try await measure(try await hub.environmentOnKafka(), perSecond: 200)
        }
    }

    /// Milliseconds of each registration, of each run.
    private static func measure(_ environment: [String: String], perSecond: Int) async throws -> [[Double]] {
        var flags = environment
        for type in HubServices.all { flags[PlatformSettings.port(of: type.name).name] = "0" }
        // The cost of a password hash is not what is measured: it is paid before the 2xx, and would fill both cores.
        flags["HUB_PASSWORD_MEMORY_KIB"] = "8"
        flags["HUB_PASSWORD_ITERATIONS"] = "1"
        let settings = try Settings(commandLine: flags)
        let process = try await HubProcess.start(HubServices.all, settings: settings, topics: .apply)
        let loops = try EventLoopGroup(count: 1, name: "clients")
        let database = Database(url: try settings.value(PlatformSettings.databaseURL).settingText, loops: loops)
        let clients = Clients(
            address: "http://127.0.0.1:\(process.port(of: .gateway) ?? 0)", http: HTTPClient(loops: loops),
            database: database)
        var results: [[Double]] = []
        do {
            try await clients.announceLedger()
            // The first run warms up, brokers in Java too, which interpret their code at first.
            for run in 0...runs {
                let count = perSecond * (run == 0 ? warmUpSeconds : durationSeconds)
                let milliseconds = try await clients.run(on: loops, count: count, perSecond: perSecond, run: run)
                if run > 0 { results.append(milliseconds) }
            }
        } catch {
            await process.stop()
            throw error
        }
        await clients.http.close()
        await database.close()
        await process.stop()
        return results
    }
}

/// People who register at a steady pace, whether the answers come or not.
private struct Clients {
    let address: String
    let http: HTTPClient
    let database: Database

    private static let channel = "bench_ledger"

    /// From each person's answer until their ledger row is heard of.
    private final class Pending: Sendable {
        let intervals = Intervals()
        private let listens = Atomic(false)

        var isListening: Bool {
            get { listens.load(ordering: .acquiring) }
            set { listens.store(newValue, ordering: .releasing) }
        }
    }

    /// Has the database tell of each ledger row once its transaction has committed: looking again and again would take more of the
    /// machine than the registrations do.
    func announceLedger() async throws {
        try await database.execute(
            """
            create function gamification.announce() returns trigger language plpgsql as $$
            begin
                perform pg_notify('bench_ledger', new.user_id);
                return null;
            end $$
            """)
        try await database.execute(
            """
            create trigger announce after insert on gamification.points_award
            for each row execute function gamification.announce()
            """)
    }

    func run(on loops: EventLoopGroup, count: Int, perSecond: Int, run: Int) async throws -> [Double] {
        let pending = Pending()
        let loop = loops.next()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { try await watch(pending, until: count, on: loop) }
            while !pending.isListening { try await loop.sleep(for: .milliseconds(5)) }
            try await steadily(count, perSecond: perSecond, on: loop) { index in
                try await register("run\(run).\(index)@example.org", pending)
            }
            try await group.waitForAll()
        }
        return pending.intervals.take()
    }

    private func register(_ email: String, _ pending: Pending) async throws {
        var request = HTTPClientRequest(.post, address + "/auth/register", fields: ["content-type": "application/json"])
        let body = JSONTree.object([
            .init("email", .string(email)), .init("password", .string("correct horse battery")),
            .init("firstName", .string("Ada")), .init("lastName", .string("Lovelace")),
        ])
        request.body = .bytes(Array(body.compactText().utf8))
        let response = try await http.send(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(bytesMax: 65_536)
        guard response.status == .created, let id = try JSONTree(parsing: bytes)["id"]?.text else {
            throw CommandFailure("a registration was answered \(response.status.code)")
        }
        pending.intervals.begin(id)
    }

    private func watch(_ pending: Pending, until count: Int, on loop: EventLoop) async throws {
        try await withTimeout(
            .seconds(60), on: loop, onTimeout: { CommandFailure("not every registration had its effect within 60 s") }
        ) {
            for await user in database.notifications(on: Self.channel) {
                // An empty one says that listening has begun.
                if user.isEmpty { pending.isListening = true } else { pending.intervals.end(user) }
                if pending.intervals.count == count { return }
            }
        }
    }
}
