internal import EventLoop
internal import Messaging
internal import Observability
internal import Redis
internal import Synchronization

/// The limits of a service's cache.
struct CacheLimits: Sendable {
    /// What is kept in the process, where there is no Redis.
    var memoryBytesMax = 32 * 1024 * 1024
    var memoryCountMax = 20_000
    /// Larger values are made each time.
    var valueBytesMax = 1024 * 1024
    /// How long a tag keeps its version; longer than any value is kept.
    var versionTime: Duration = .seconds(86_400)
    /// No value is kept for longer.
    var valueTimeMax: Duration = .seconds(3_600)
    /// Tags of whose change the store could not be told yet. When there are more, nothing is read from it until all it keeps is past.
    var unsettledCountMax = 10_000
}

/// What is asked for often and changes seldom, kept for a while: in Redis where there is one, which all processes of a service share,
/// else in each process.
///
/// A value has a **tag**: the thing it was made of. Whoever has changed that thing says so with ``invalidate(_:)``, after the
/// transaction. A tag has a version, and a value is kept under the version there was before the value was made; so what was read before
/// a change never shows after it, however late it is written. A store that fails, is slow, or has forgotten is a miss and never an
/// error. A change that the store could not be told of is remembered, and nothing of that tag is read in this process until it was;
/// another process may show the old value for as long as values are kept: keep that short.
public final class Cache: Sendable {
    private struct Flight: Hashable {
        let key: String
        let version: [UInt8]
    }

    private enum Look {
        case hit([UInt8])
        case miss(version: [UInt8])
        /// The store is not there for now.
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
        /// With the number of the change.
        var tags: [String: Int] = [:]
        var count = 0
        /// Until then nothing is read from the store.
        var end: ContinuousClock.Instant?
    }

    /// - Parameters:
    ///   - redis: nil to keep everything in the process.
    ///   - prefix: tells the keys of services apart.
    init(
        _ redis: RedisClient?, prefix: String, limits: CacheLimits = CacheLimits(), loops: EventLoopGroup,
        metrics: Metrics, uptime: @escaping Uptime
    ) {
        if let redis {
            store = RedisCacheStore(redis, uptime: uptime)
        } else {
            store = MemoryCacheStore(limits, uptime: uptime)
        }
        self.uptime = uptime
        self.prefix = prefix
        self.limits = limits
        self.loops = loops
        meter = CacheMeter(metrics)
    }

    /// What is kept at `key`, or what `make` brings, which is kept then. Who asks while it is being made waits for the same.
    /// - Parameters:
    ///   - key: names the value and how it is written down: another form of it needs another key.
    ///   - tag: what it is made of.
    ///   - time: how long it is kept at most.
    /// - Throws: what `make` throws; that is not kept.
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

    /// From here on nothing is given out that was made of `tag` before. Call it after the transaction that changed the thing.
    ///
    /// A caller that is cancelled meanwhile waits for it all the same.
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

    // MARK: Looking

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

    /// The version of a tag, a first one when it has none.
    private func known(_ version: [UInt8]?, of tag: String) async throws -> [UInt8]? {
        if let version { return version.count == Self.versionByteCount ? version : nil }
        return try await store.writeFirst(newVersion(), at: name(version: tag), for: limits.versionTime)
    }

    /// Whether the store knows of every change of the tag that this process knows of.
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
        // Another change may have come meanwhile, of which the store does not know.
        unsettled.withLock { if $0.tags[tag] == number { $0.tags[tag] = nil } }
        return true
    }

    // MARK: Making

    private func fly(
        _ flight: Flight, for time: Duration, _ make: @escaping @Sendable () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        let task = flights.withLock { flights in
            if let running = flights[flight] { return running }
            let task = loops.next().start("cache fill") {
                defer { self.flights.withLock { $0[flight] = nil } }
                // Another flight may have landed since this one's caller looked.
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

    /// Like no other.
    private func newVersion() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<Self.versionByteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    private func name(value key: String) -> String { "\(prefix):value:\(key)" }
    private func name(version tag: String) -> String { "\(prefix):version:\(tag)" }
}

/// Counts what a cache is good for.
private struct CacheMeter: Sendable {
    let hits: Counter
    let misses: Counter
    let aways: Counter

    init(_ metrics: Metrics) {
        func counter(_ outcome: String) -> Counter {
            metrics.counter("hub_cache_total", help: "What was asked of the cache.", labels: ["outcome": outcome])
        }
        hits = counter("hit")
        misses = counter("miss")
        aways = counter("away")
    }
}
