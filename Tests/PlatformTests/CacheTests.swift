import EventLoop
import HubTesting
import Observability
@testable import Platform
import Redis
import ServiceTesting
import Synchronization
import Testing

@Suite struct CacheTests {
    enum Place: CaseIterable { case memory, redis }

    @Test(arguments: Place.allCases)
    func `a value is returned until it expires`(place: Place) async throws {
        try await Self.with(place) { world in
            #expect(try await world.ask() == "0" && world.makeCount == 1)
            #expect(try await world.ask() == "0" && world.makeCount == 1)
            world.clock.advance(by: 11)
            try await world.redis?.forget()
            #expect(try await world.ask() == "0" && world.makeCount == 2)
        }
    }

    @Test(arguments: Place.allCases)
    func `a change is visible at once, and only its entries are computed again`(place: Place) async throws {
        try await Self.with(place) { world in
            _ = try await (world.ask(), world.ask("other", of: "another thing"))
            world.truth.store(1, ordering: .relaxed)
            await world.cache.invalidate("thing")
            #expect(try await world.ask() == "1")
            #expect(try await world.ask("other", of: "another thing") == "0")
        }
    }

    @Test(arguments: Place.allCases)
    func `concurrent requests wait for the same value`(place: Place) async throws {
        try await Self.with(place) { world in
            let gate = Gate()
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await world.ask(waitingFor: gate) } }
                try await eventually { world.makeCount == 1 }
                gate.open()
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "0", count: 20))
            #expect(world.makeCount == 1)
        }
    }

    /// The old value is read, then changed, then written into the cache.
    @Test(arguments: Place.allCases)
    func `a value read before a change is never returned after it`(place: Place) async throws {
        try await Self.with(place) { world in
            let gate = Gate()
            async let slow = world.ask(waitingFor: gate)
            try await eventually { world.makeCount == 1 }
            world.truth.store(1, ordering: .relaxed)
            await world.cache.invalidate("thing")
            #expect(try await world.ask() == "1")
            gate.open()
            #expect(try await slow == "0")
            #expect(try await world.ask() == "1")
        }
    }

    @Test(arguments: Place.allCases)
    func `a failure is not cached`(place: Place) async throws {
        try await Self.with(place) { world in
            await #expect(throws: CannotMake.self) {
                try await world.cache.value("key", of: "thing", for: .seconds(10)) { throw CannotMake() }
            }
            let answer = try await world.ask()
            #expect(answer == "0")
        }
    }

    @Test(arguments: Place.allCases)
    func `a value that is too large is not cached`(place: Place) async throws {
        try await Self.with(place, limits: { $0.valueBytesMax = 0 }) { world in
            for count in 1...3 {
                let answer = try await world.ask()
                #expect(answer == "0" && world.makeCount == count)
            }
        }
    }

    // MARK: In the process

    @Test func `the number of entries is limited, and recently used ones stay longest`() async throws {
        try await Self.with(.memory, limits: { $0.memoryCountMax = 40 }) { world in
            _ = try await world.ask("wanted")
            for number in 0..<100 {
                _ = try await world.ask("passing \(number)")
                _ = try await world.ask("wanted")
            }
            #expect(world.makeCount == 101)
            _ = try await world.ask("passing 0")
            #expect(world.makeCount == 102)
        }
    }

    @Test func `the bytes of entries are limited`() {
        var limits = CacheLimits()
        limits.memoryBytesMax = 100_000
        let store = MemoryCacheStore(limits) { .now }
        for number in 0..<1_000 { store.write(Array(repeating: 1, count: 1_000), at: "\(number)", for: .seconds(10)) }
        let kept = store.read((0..<1_000).map(String.init)).compactMap(\.self)
        #expect((40...100).contains(kept.count))
    }

    // MARK: In a Redis

    @Test func `processes share the entries in Redis, and see each other's changes`() async throws {
        try await Self.with(.redis) { world in
            let other = world.another(), first = try await world.ask()
            #expect(first == "0")
            #expect(try await other.ask() == "0" && other.makeCount == 0)
            world.truth.store(1, ordering: .relaxed)
            await other.cache.invalidate("thing")
            #expect(try await world.ask() == "1")
        }
    }

    /// The change could not be told, and the old value is still there when the server goes on.
    @Test func `a change is visible although its invalidation in Redis failed`() async throws {
        try await Self.with(.redis) { world in
            let server = try #require(world.redis?.server)
            #expect(try await world.ask() == "0")
            await server.freeze()
            world.truth.store(1, ordering: .relaxed)
            await world.cache.invalidate("thing")
            #expect(try await world.ask() == "1")
            await server.thaw()
            world.clock.advance(by: 5)
            for _ in 0..<20 { #expect(try await world.ask() == "1") }
            try await eventually {
                world.clock.advance(by: 2)
                let before = world.makeCount
                return try await world.ask() == "1" && world.makeCount == before
            }
        }
    }

    @Test func `too many failed invalidations disable the cache for a while`() async throws {
        try await Self.with(.redis, limits: { $0.unsettledCountMax = 1 }) { world in
            let server = try #require(world.redis?.server)
            for key in ["a", "b"] { _ = try await world.ask(key, of: key) }
            await server.freeze()
            world.truth.store(1, ordering: .relaxed)
            for key in ["a", "b"] { await world.cache.invalidate(key) }
            await server.thaw()
            world.clock.advance(by: 5)
            for _ in 0..<3 { for key in ["a", "b"] { #expect(try await world.ask(key, of: key) == "1") } }
        }
    }

    @Test func `a Redis without a response is skipped after a few timeouts`() async throws {
        try await Self.with(.redis) { world in
            let server = try #require(world.redis?.server)
            _ = try await world.ask()
            await server.freeze()
            let start = ContinuousClock.now
            for _ in 0..<200 { #expect(try await world.ask() == "0") }
            #expect(start.duration(to: .now) < .seconds(5))
            #expect(world.lines.lines.count == 1, "\(world.lines.lines)")
            #expect(world.lines.lines.first?.contains("Redis is away") == true)
            #expect(world.lines.lines.first?.contains("\(server.address)/0") == true, "\(world.lines.lines)")
            await server.thaw()
            try await eventually("Redis is asked again") {
                world.clock.advance(by: 2)
                _ = try await world.ask()
                return world.lines.lines.contains { $0.contains("Redis is back") }
            }
        }
    }

    @Test func `values stay correct while Redis is flushed, frozen, stopped and started`() async throws {
        try await Self.with(.redis) { world in
            let redis = try #require(world.redis)
            for round in 1...60 {
                switch round % 12 {
                case 2: try await redis.forget()
                case 4: await redis.server.freeze()
                case 6:
                    await redis.server.thaw()
                    try await eventually { (try? await redis.client.send(["PING"])) == .status("PONG") }
                case 8: await redis.server.stop()
                case 10: try await redis.server.start()
                default: break
                }
                world.clock.advance(by: 2)
                for _ in 0..<3 { #expect(try await world.ask() == "\(round - 1)") }
                world.truth.store(round, ordering: .relaxed)
                await world.cache.invalidate("thing")
                for _ in 0..<3 { #expect(try await world.ask() == "\(round)") }
            }
        }
    }

    // MARK: Parts

    private struct CannotMake: Error {}

    struct TestedRedis: Sendable {
        let server: TestRedis
        let client: RedisClient

        /// Waits until the server is there.
        func forget() async throws {
            try await eventually { (try? await client.send(["FLUSHALL"])) == .status("OK") }
        }
    }

    /// A cache of a number that changes.
    final class World: Sendable {
        let clock: TestClock
        let cache: Cache
        let redis: TestedRedis?
        let truth = Atomic(0)
        let lines = LogRecorder()
        private let made = Atomic(0)

        var makeCount: Int { made.load(ordering: .relaxed) }

        init(_ redis: TestedRedis?, limits: CacheLimits, clock: TestClock) {
            self.clock = clock
            self.redis = redis
            cache = Cache(
                redis?.client,
                outage: OutageLog(
                    Logger(label: "test", sink: lines), failing: "Redis is away", over: "Redis is back",
                    uptime: { clock.uptime }), prefix: "test", limits: limits, loops: TestLoops.shared,
                metrics: Metrics(),
                uptime: { clock.uptime })
        }

        /// Another process.
        func another() -> World { World(redis, limits: CacheLimits(), clock: clock) }

        func ask(_ key: String = "key", of tag: String = "thing", waitingFor gate: Gate? = nil) async throws -> String {
            let bytes = try await cache.value(key, of: tag, for: .seconds(10)) {
                self.made.add(1, ordering: .relaxed)
                let read = "\(self.truth.load(ordering: .relaxed))"
                await gate?.wait()
                return Array(read.utf8)
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func with(
        _ place: Place, limits change: (inout CacheLimits) -> Void = { _ in }, _ body: (World) async throws -> Void
    ) async throws {
        var limits = CacheLimits()
        change(&limits)
        guard place == .redis else { return try await body(World(nil, limits: limits, clock: TestClock())) }
        let (found, clock) = (limits, TestClock())
        try await TestRedis.with { server in
            let client = RedisClient(
                try RedisURL(server.address), loops: TestLoops.shared, configuration: RedisCacheStore.configuration)
            try await body(World(TestedRedis(server: server, client: client), limits: found, clock: clock))
            await client.close()
        }
    }
}
