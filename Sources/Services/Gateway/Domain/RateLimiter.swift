internal import Synchronization

/// Token buckets by caller and kind of request, bounded in number.
final class RateLimiter: Sendable {
    /// A separately limited kind. Limits per address stop floods but admit a school of 500 that shares one. The auth service limits
    /// password guesses, because it knows the account.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        /// From one address. Each computes a password hash and sends a mail.
        case registration
        /// From one address. Each computes a password hash.
        case login
        /// Everything else from one address.
        case address
        /// Of one logged-in person.
        case person
        /// Health and metrics, from one address: limited clients do not block monitoring.
        case probe

        var limit: TokenBucket.Limit {
            switch self {
            case .registration: .per(minute: 120, burst: 120)
            case .login: .per(minute: 600, burst: 600)
            case .address: .per(second: 250, burst: 2_500)
            case .person: .per(second: 50, burst: 200)
            case .probe: .per(second: 10, burst: 100)
            }
        }
    }

    private struct Key: Hashable {
        let caller: String
        let kind: Kind
    }

    /// Callers by key hash, which clients cannot predict. Each part evicts separately: evicting from all buckets at once would block
    /// a loop for 30 ms.
    private final class Part: Sendable {
        let buckets = Mutex<[Key: TokenBucket]>([:])
    }

    private static let partBucketCount = 1_000
    private let parts: [Part]
    private let partBucketCountMax: Int

    /// - Parameter bucketCountMax: buckets kept. Beyond it the fullest are evicted, which loses the least.
    init(bucketCountMax: Int = 100_000) {
        let partCount = max(1, bucketCountMax / Self.partBucketCount)
        parts = (0..<partCount).map { _ in Part() }
        partBucketCountMax = max(1, bucketCountMax / partCount)
    }

    /// - Parameter caller: an address, or the id of a logged-in person.
    func admit(_ caller: String, _ kind: Kind, at time: ContinuousClock.Instant) -> RateLimitStanding {
        let key = Key(caller: caller, kind: kind)
        let part = parts[Int(UInt(bitPattern: key.hashValue) % UInt(parts.count))]
        return part.buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= partBucketCountMax { Self.makeRoom(&buckets, time) }
            var bucket = buckets[key] ?? TokenBucket(kind.limit, at: time)
            defer { buckets[key] = bucket }
            let retryAfterSeconds = bucket.take(kind.limit, at: time)
            return RateLimitStanding(
                kind: kind, leftCount: bucket.leftCount, fullSeconds: bucket.secondsUntilFull(kind.limit),
                retryAfterSeconds: retryAfterSeconds)
        }
    }

    /// Evicts the fuller half, so that limited callers stay limited.
    private static func makeRoom(_ buckets: inout [Key: TokenBucket], _ time: ContinuousClock.Instant) {
        let byFullness = buckets.sorted { left, right in
            left.value.fullness(left.key.kind.limit, at: time)
                > right.value.fullness(right.key.kind.limit, at: time)
        }
        for (key, _) in byFullness.prefix(buckets.count / 2 + 1) { buckets[key] = nil }
    }
}
