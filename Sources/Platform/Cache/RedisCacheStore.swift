internal import Observability
internal import Redis

/// Stores bytes in Redis. After failures, a circuit breaker skips it for a moment, so that callers do not wait repeatedly.
final class RedisCacheStore: CacheStore {
    private let client: RedisClient
    private let breaker: CircuitBreaker
    private let outage: OutageLog
    private let uptime: Uptime

    /// For its client: slower commands time out.
    static let configuration: RedisConfiguration = {
        var configuration = RedisConfiguration()
        configuration.commandTimeout = .milliseconds(100)
        return configuration
    }()

    /// - Parameter outage: of the process, whose services share the client.
    init(_ client: RedisClient, outage: OutageLog, uptime: @escaping Uptime) {
        self.client = client
        self.outage = outage
        self.uptime = uptime
        breaker = CircuitBreaker(failureCountMax: 3, pause: .seconds(1))
    }

    func read(_ keys: [String]) async throws -> [[UInt8]?] {
        try await guarded { try await $0.send(["MGET"] + keys.map { .text($0) }).items.map(\.bytes) }
    }

    func write(_ bytes: [UInt8], at key: String, for time: Duration) async throws {
        try await guarded {
            _ = try await $0.send(["SET", .text(key), .bytes(bytes), "PX", .milliseconds(time)])
        }
    }

    func writeFirst(_ bytes: [UInt8], at key: String, for time: Duration) async throws -> [UInt8]? {
        try await guarded { client in
            let written = try await client.send(["SET", .text(key), .bytes(bytes), "PX", .milliseconds(time), "NX"])
            if written == .status("OK") { return bytes }
            return try await client.send(["GET", .text(key)]).bytes
        }
    }

    private func guarded<Result>(_ body: (RedisClient) async throws -> Result) async throws -> Result {
        guard breaker.admit(at: uptime()) == nil else { throw RedisError.unavailable }
        do {
            let result = try await body(client)
            breaker.succeeded()
            outage.succeeded([.url: .text("\(client.url)")])
            return result
        } catch {
            // A cancellation says nothing about the server.
            if error is RedisError {
                breaker.failed(at: uptime())
                outage.failed([.url: .text("\(client.url)"), .error: LogValue(error)])
            }
            throw error
        }
    }
}

extension RedisArgument {
    fileprivate static func milliseconds(_ time: Duration) -> RedisArgument {
        .integer(max(1, Int(min(time, .seconds(366 * 86_400)) / .milliseconds(1))))
    }
}
