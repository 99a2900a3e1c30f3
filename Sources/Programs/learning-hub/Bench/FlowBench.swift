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
    private static let ratePerSecond = 500
    private static let registrationCount = 1_500

    static let rows = [
        BenchRow(name: "flow.registration-p50", unit: .milliseconds) { hub in
            Measurement(try await hub.registrations().map { $0.percentile(50) })
        },
        BenchRow(name: "flow.registration-p99", unit: .milliseconds) { hub in
            Measurement(try await hub.registrations().map { $0.percentile(99) })
        },
    ]

    /// Milliseconds of each registration, of each run.
    static func measure(_ hub: BenchHub) async throws -> [[Double]] {
        var flags = try await hub.environment()
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
            _ = try await clients.run(on: loops, count: ratePerSecond, perSecond: ratePerSecond, run: 0)
            for run in 1...runs {
                results.append(
                    try await clients.run(on: loops, count: registrationCount, perSecond: ratePerSecond, run: run))
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

extension BenchHub {
    /// Taken once for all rows that are made of it.
    func registrations() async throws -> [[Double]] {
        if let known = knownRegistrations { return known }
        let measured = try await FlowBench.measure(self)
        knownRegistrations = measured
        return measured
    }
}

/// People who register at a steady pace, whether the answers come or not.
private struct Clients {
    let address: String
    let http: HTTPClient
    let database: Database

    private static let channel = "bench_ledger"

    /// When each person's registration was answered and when their ledger row was heard of, whichever comes first.
    private final class Pending: Sendable {
        private struct State {
            var isListening = false
            var answered: [String: ContinuousClock.Instant] = [:]
            var heard: [String: ContinuousClock.Instant] = [:]
            var milliseconds: [Double] = []
        }
        private let state = Mutex(State())

        var isListening: Bool { state.withLock { $0.isListening } }
        var milliseconds: [Double] { state.withLock { $0.milliseconds } }

        func listens() { state.withLock { $0.isListening = true } }

        func answered(_ id: String) {
            let now = ContinuousClock.now
            state.withLock { state in
                // Heard of before the answer was here: nobody waited for it.
                if state.heard.removeValue(forKey: id) != nil {
                    state.milliseconds.append(0)
                } else {
                    state.answered[id] = now
                }
            }
        }

        func heard(_ id: String) {
            let now = ContinuousClock.now
            state.withLock { state in
                if let answered = state.answered.removeValue(forKey: id) {
                    state.milliseconds.append(answered.duration(to: now).milliseconds)
                } else {
                    state.heard[id] = now
                }
            }
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
            let clock = ContinuousClock()
            let start = clock.now
            for index in 0..<count {
                let due = start + .nanoseconds(1_000_000_000 / perSecond) * index
                let wait = clock.now.duration(to: due)
                if wait > .zero { try await loop.sleep(for: wait) }
                group.addTask(executorPreference: loop) {
                    try await register("run\(run).\(index)@example.org", pending)
                }
            }
            try await group.waitForAll()
        }
        return pending.milliseconds
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
        pending.answered(id)
    }

    private func watch(_ pending: Pending, until count: Int, on loop: EventLoop) async throws {
        try await withTimeout(
            .seconds(60), on: loop, onTimeout: { CommandFailure("not every registration had its effect within 60 s") }
        ) {
            for await user in database.notifications(on: Self.channel) {
                // An empty one says that listening has begun.
                if user.isEmpty { pending.listens() } else { pending.heard(user) }
                if pending.milliseconds.count == count { return }
            }
        }
    }
}
