import EventLoop
import HubTesting
import Redis
import Testing

/// Against a real Redis.
@Suite struct RedisClientTests {
    @Test func `a command returns its reply`() async throws {
        try await Self.with { redis, _ in
            let bytes: [UInt8] = [0, 13, 10, 36, 255, 0]
            let written = try await redis.send(["SET", "k", .bytes(bytes)])
            #expect(written == .status("OK"))
            #expect(try await redis.send(["GET", "k"]) == .bytes(bytes))
            #expect(try await redis.send(["SET", "empty", .bytes([])]) == .status("OK"))
            #expect(try await redis.send(["MGET", "k", "nothing", "empty"]).items.map(\.bytes) == [bytes, nil, []])
            #expect(try await redis.send(["INCRBY", "n", .integer(-5)]) == .integer(-5))
            #expect(try await redis.send(["GET", "nothing"]) == .nothing)
            let script = "return {1, {2, 'x'}, redis.error_reply('BAD thing')}"
            #expect(
                try await redis.send(["EVAL", .text(script), "0"])
                    == .list([.integer(1), .list([.integer(2), .bytes(Array("x".utf8))]), .error("BAD")]))
        }
    }

    @Test func `large values are sent and received completely`() async throws {
        try await Self.with { redis, _ in
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
            _ = try await redis.send(["SET", "large", .bytes(bytes)])
            #expect(try await redis.send(["GET", "large"]) == .bytes(bytes))
        }
    }

    @Test func `concurrent commands get their own replies`() async throws {
        try await Self.with { redis, _ in
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<2_000 {
                    group.addTask {
                        try await redis.send(["ECHO", .integer(number)]) == .bytes(Array("\(number)".utf8))
                    }
                }
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(answers == Array(repeating: true, count: 2_000))
        }
    }

    @Test func `an error is thrown with only its first word, and the connection is reused`() async throws {
        try await Self.with { redis, _ in
            _ = try await redis.send(["SET", "k", "a secret"])
            await #expect(throws: RedisError.refused("WRONGTYPE")) { try await redis.send(["LPUSH", "k", "x"]) }
            await #expect(throws: RedisError.refused("ERR")) { try await redis.send(["NONSENSE", "a secret"]) }
            #expect(try await redis.send(["PING"]) == .status("PONG"))
        }
    }

    @Test func `password and database come from the address`() async throws {
        try await TestRedis.with(password: "pass word/@") { server in
            let place = "127.0.0.1:\(server.port)"
            try await Self.with("redis://:pass%20word%2F%40@\(place)/3") { redis in
                _ = try await redis.send(["SET", "k", "v"])
                _ = try await redis.send(["SELECT", "3"])
                #expect(try await redis.send(["GET", "k"]).bytes == Array("v".utf8))
            }
            try await Self.with("redis://default:pass%20word%2F%40@\(place)") { redis in
                let found = try await redis.send(["GET", "k"])
                #expect(found == .nothing)
            }
            for address in ["redis://:wrong@\(place)", "redis://nobody:wrong@\(place)"] {
                try await Self.with(address) { redis in
                    await #expect(throws: RedisError.refused("WRONGPASS")) { try await redis.send(["PING"]) }
                }
            }
            try await Self.with("redis://\(place)") { redis in
                await #expect(throws: RedisError.refused("NOAUTH")) { try await redis.send(["GET", "k"]) }
            }
        }
    }

    @Test func `a server that is down fails calls at once, and is used again when it is back`() async throws {
        try await Self.with { redis, server in
            _ = try await redis.send(["SET", "k", "v"])
            await server.stop()
            for _ in 0..<20 {
                await #expect(throws: RedisError.unavailable) { try await redis.send(["GET", "k"]) }
            }
            try await server.start()
            try await eventually { (try? await redis.send(["GET", "k"])) == .nothing }
        }
    }

    @Test func `commands in progress fail once when the connection is lost`() async throws {
        try await Self.with { redis, server in
            _ = try await redis.send(["PING"])
            await server.freeze()
            let failures = try await withThrowingTaskGroup(of: RedisError?.self) { group in
                for _ in 0..<50 { group.addTask { await Self.failure { try await redis.send(["PING"]) } } }
                group.addTask {
                    await server.stop()
                    return nil
                }
                return try await group.reduce(into: [RedisError?]()) { $0.append($1) }.compactMap(\.self)
            }
            #expect(failures.count == 50)
            #expect(failures.allSatisfy { $0 == .unavailable || $0 == .timeout })
        }
    }

    @Test func `a server without replies delays a call only to its limit, and later replies are not mixed up`()
        async throws
    {
        try await Self.with { redis, server in
            _ = try await redis.send(["SET", "k", "old"])
            await server.freeze()
            let start = ContinuousClock.now
            let loop = TestLoops.shared.next()
            await #expect(throws: RedisError.timeout) {
                try await loop.run("lost") { try await redis.send(["ECHO", "lost"]) }
            }
            #expect(start.duration(to: .now) < .seconds(5))
            // The next command on the same connection may fail, but never gets the reply of another one.
            let next = loop.start("next") { try await redis.send(["ECHO", "next"]) }
            try await loop.run("turn") {}
            await server.thaw()
            let answer = try? await next.value
            #expect(answer == nil || answer == .bytes(Array("next".utf8)))
            try await eventually { (try? await redis.send(["GET", "k"])) == .bytes(Array("old".utf8)) }
            // The other loop's connection may still be on its way.
            var answerCount = 0
            for number in 0..<20 {
                guard let answer = try? await redis.send(["ECHO", .integer(number)]) else { continue }
                #expect(answer == .bytes(Array("\(number)".utf8)))
                answerCount += 1
            }
            #expect(answerCount > 0)
        }
    }

    @Test func `a cancelled call returns at once, and others get their own replies`() async throws {
        try await Self.with(limits: { $0.commandTimeout = .seconds(60) }) { redis, server in
            _ = try await redis.send(["PING"])
            await server.freeze()
            let left = Task { try await redis.send(["ECHO", "left"]) }
            let stays = Task { try await redis.send(["ECHO", "stays"]) }
            left.cancel()
            await #expect(throws: CancellationError.self) { try await left.value }
            await server.thaw()
            #expect(try await stays.value == .bytes(Array("stays".utf8)))
        }
    }

    @Test func `commands beyond the queue limit are refused`() async throws {
        try await Self.with(limits: {
            $0.waitingCountMax = 4
            $0.commandTimeout = .seconds(1)
        }) { redis, server in
            let loop = TestLoops.shared.next()
            _ = try await loop.run("ping") { try await redis.send(["PING"]) }
            await server.freeze()
            let failures = try await loop.run("many") {
                await withTaskGroup(of: RedisError?.self) { group in
                    for _ in 0..<10 { group.addTask { await Self.failure { try await redis.send(["PING"]) } } }
                    return await group.reduce(into: [RedisError?]()) { $0.append($1) }
                }
            }
            #expect(failures.count { $0 == .busy } == 6 && failures.count { $0 == .timeout } == 4)
        }
    }

    @Test func `a command larger than the send limit is refused`() async throws {
        try await Self.with(limits: { $0.unsentBytesMax = 1_000 }) { redis, _ in
            let large: [UInt8] = Array(repeating: 7, count: 2_000)
            await #expect(throws: RedisError.busy) { try await redis.send(["SET", "k", .bytes(large)]) }
            let answer = try await redis.send(["PING"])
            #expect(answer == .status("PONG"))
        }
    }

    @Test func `a reply that is too large closes the connection, and the next command opens another`() async throws {
        try await Self.with(limits: { $0.replyBytesMax = 200_000 }) { redis, _ in
            _ = try await redis.send(["SET", "large", .bytes(Array(repeating: 7, count: 4_000_000))])
            await #expect(throws: RedisError.malformed) { try await redis.send(["GET", "large"]) }
            try await eventually { (try? await redis.send(["PING"])) == .status("PONG") }
        }
    }

    @Test func `a connection closed by the server is replaced without a failure`() async throws {
        try await Self.with { redis, server in
            _ = try await redis.send(["PING"])
            try await Self.with(server.address) { other in
                _ = try await other.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
            }
            try await eventually { (try? await redis.send(["PING"])) == .status("PONG") }
            #expect(try await redis.send(["PING"]) == .status("PONG"))
        }
    }

    @Test func `a closed client fails waiting commands and refuses new ones`() async throws {
        try await Self.with(limits: { $0.commandTimeout = .seconds(60) }) { redis, server in
            _ = try await redis.send(["PING"])
            await server.freeze()
            let waiting = Task { await Self.failure { try await redis.send(["PING"]) } }
            await Task.yield()
            await redis.close()
            #expect(await waiting.value == .closed)
            await #expect(throws: RedisError.closed) { try await redis.send(["PING"]) }
        }
    }

    // MARK: Parts

    private static func failure(_ body: () async throws -> RedisReply) async -> RedisError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? RedisError
        }
    }

    private static func with(
        limits: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient, TestRedis) async throws -> Void
    ) async throws {
        var configuration = RedisConfiguration()
        limits(&configuration)
        try await TestRedis.with { server in
            let client = RedisClient(
                try RedisURL(server.address), loops: TestLoops.shared, configuration: configuration)
            try await body(client, server)
            await server.thaw()
            await client.close()
        }
    }

    private static func with(_ address: String, _ body: (RedisClient) async throws -> Void) async throws {
        let client = RedisClient(try RedisURL(address), loops: TestLoops.shared)
        try await body(client)
        await client.close()
    }
}
