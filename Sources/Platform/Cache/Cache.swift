internal import EventLoop
internal import Messaging
internal import Observability
internal import Redis
internal import Synchronization

/// The limits of a service's cache.
struct CacheLimits: Sendable {
    /// For the in-process store, used without Redis.
    var memoryBytesMax = 32 * 1024 * 1024
    var memoryCountMax = 20_000
    /// Larger values are not cached.
    var valueBytesMax = 1024 * 1024
    /// Lifetime of a tag's version; longer than any value's.
    var versionTime: Duration = .seconds(86_400)
    /// Maximum lifetime of a value.
    var valueTimeMax: Duration = .seconds(3_600)
    /// Tags whose invalidation the store has not received. Above this, the store is not read until all its values have expired.
    var unsettledCountMax = 10_000
}

/// A cache for values that are read often and rarely change: in Redis, shared by all processes of a service, or else in each
/// process.
///
/// A value has a **tag**: the object it was computed from. After a transaction changes that object, the caller calls ``invalidate(_:)``.
/// Each tag has a version. A value is stored with the version read before it was computed, so a value computed before a change is
/// never returned after it, however late it is written. A store that fails, is slow or lost data counts as a miss, never an error.
/// A failed invalidation is remembered, and this process does not read that tag until it succeeds. Another process may return the
/// old value until it expires: keep lifetimes short.
public final class Cache: Sendable {
    private struct Flight: Hashable {
        let key: String
        let version: [UInt8]
    }

    private enum Look {
        case hit([UInt8])
        case miss(version: [UInt8])
        /// The store is unavailable.
        case away
    }

    private let store: any CacheStore
    private let prefix: String
    private let limits: CacheLimits
    private let loops: EventLoopGroup
    private let meter: CacheMeter
    private let flights = Mutex<[Flight: Task<[UInt8], any Error>]>([:])
    private let unsettled = Mutex(Unsettled())
    private let uptime: Uptime

    private struct Unsettled {
        /// Tag → number of its change.
        var tags: [String: Int] = [:]
        var count = 0
        /// The store is not read before this time.
        var end: ContinuousClock.Instant?
    }

    /// - Parameters:
    ///   - redis: nil to keep everything in the process.
    ///   - outage: logs that Redis does not answer.
    ///   - prefix: separates the keys of services.
    init(
        _ redis: RedisClient?, outage: OutageLog, prefix: String, limits: CacheLimits = CacheLimits(),
        loops: EventLoopGroup,
        metrics: Metrics, uptime: @escaping Uptime
    ) {
        if let redis {
            store = RedisCacheStore(redis, outage: outage, uptime: uptime)
        } else {
            store = MemoryCacheStore(limits, uptime: uptime)
        }
        self.uptime = uptime
        self.prefix = prefix
        self.limits = limits
        self.loops = loops
        meter = CacheMeter(metrics)
    }

    /// The value stored at `key`, or the result of `make`, which is then stored. Concurrent callers share one `make`.
    /// - Parameters:
    ///   - key: names the value and its encoding: another encoding needs another key.
    ///   - tag: the object it is computed from.
    ///   - time: its maximum lifetime.
    /// - Throws: errors of `make`; nothing is stored then.
    public func value(
        _ key: String, of tag: String, for time: Duration, make: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        switch await look(key, tag) {
        case .hit(let bytes):
            meter.hits.increment()
            return bytes
        case .miss(let version):
            meter.misses.increment()
            return try await fly(Flight(key: key, version: version), for: time, make)
        case .away:
            meter.aways.increment()
            return try await make()
        }
    }

    /// After this, no value computed from `tag` before is returned. Call it after the transaction that changed the object.
    ///
    /// A cancelled caller still waits for it.
    public func invalidate(_ tag: String) async {
        let isTold = try? await loops.next().shielded("cache invalidate") { await self.tell(tag) }
        if isTold == true { return }
        unsettled.withLock { unsettled in
            if unsettled.tags.count < limits.unsettledCountMax {
                unsettled.count += 1
                unsettled.tags[tag] = unsettled.count
            } else {
                unsettled.end = uptime() + limits.valueTimeMax
            }
        }
    }

    // MARK: Lookup

    private func look(_ key: String, _ tag: String) async -> Look {
        guard await isSettled(tag) else { return .away }
        do {
            let found = try await store.read([name(value: key), name(version: tag)])
            guard found.count == 2, let version = try await known(found[1], of: tag) else { return .away }
            guard let kept = found[0], kept.starts(with: version) else { return .miss(version: version) }
            return .hit(Array(kept.dropFirst(version.count)))
        } catch {
            return .away
        }
    }

    /// The version of a tag; creates one if missing.
    private func known(_ version: [UInt8]?, of tag: String) async throws -> [UInt8]? {
        if let version { return version.count == Self.versionByteCount ? version : nil }
        return try await store.writeFirst(newVersion(), at: name(version: tag), for: limits.versionTime)
    }

    /// Whether the store has every change of the tag that this process knows.
    private func isSettled(_ tag: String) async -> Bool {
        let (isKnown, isPast) = unsettled.withLock { ($0.tags[tag] == nil, $0.end.map { $0 <= uptime() } ?? true) }
        if !isPast { return false }
        return isKnown ? true : await tell(tag)
    }

    private func tell(_ tag: String) async -> Bool {
        let number = unsettled.withLock { $0.tags[tag] }
        do {
            try await store.write(newVersion(), at: name(version: tag), for: limits.versionTime)
        } catch {
            return false
        }
        // A newer change of the tag may have failed meanwhile: keep it.
        unsettled.withLock { if $0.tags[tag] == number { $0.tags[tag] = nil } }
        return true
    }

    // MARK: Fill

    private func fly(
        _ flight: Flight, for time: Duration, _ make: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        let task = flights.withLock { flights in
            if let running = flights[flight] { return running }
            let task = loops.next().start("cache fill") {
                defer { self.flights.withLock { $0[flight] = nil } }
                // Another caller may have stored the value since the lookup.
                if let bytes = await self.kept(flight) { return bytes }
                let bytes = try await make()
                if bytes.count <= self.limits.valueBytesMax {
                    try? await self.store.write(
                        flight.version + bytes, at: self.name(value: flight.key),
                        for: min(time, self.limits.valueTimeMax))
                }
                return bytes
            }
            flights[flight] = task
            return task
        }
        return try await task.value
    }

    private func kept(_ flight: Flight) async -> [UInt8]? {
        guard let found = try? await store.read([name(value: flight.key)]).first, let kept = found,
            kept.starts(with: flight.version)
        else { return nil }
        return Array(kept.dropFirst(flight.version.count))
    }

    private static let versionByteCount = 16

    /// Unique.
    private func newVersion() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<Self.versionByteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    private func name(value key: String) -> String { "\(prefix):value:\(key)" }
    private func name(version tag: String) -> String { "\(prefix):version:\(tag)" }
}

/// Counts lookup results.
private struct CacheMeter: Sendable {
    let hits: Counter
    let misses: Counter
    let aways: Counter

    init(_ metrics: Metrics) {
        func counter(_ outcome: String) -> Counter {
            metrics.counter("hub_cache_total", help: "Cache lookups by outcome.", labels: ["outcome": outcome])
        }
        hits = counter("hit")
        misses = counter("miss")
        aways = counter("away")
    }
}
