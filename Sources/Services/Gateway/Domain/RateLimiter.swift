internal import Synchronization

/// Token buckets by caller and kind of request, bounded in number.
final class RateLimiter: Sendable {
    /// What is limited apart from the rest. The limits of an address keep floods out and let a school of 500 in that shares one;
    /// who guesses passwords is auth's to say, which knows what they are for.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        /// From one address. Each takes a moment of the password hash, and sends a mail.
        case registration
        /// From one address. Each takes a moment of the password hash.
        case login
        /// Everything else from one address.
        case address
        /// Of one logged-in person.
        case person
        /// From one address, of health and metrics: a client held up there holds up nobody who watches.
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

    /// Callers by the hash of their key, which nobody outside can foresee. Each part makes room for itself: in all buckets at once
    /// that would hold a loop for 30 ms.
    private final class Part: Sendable {
        let buckets = Mutex<[Key: TokenBucket]>([:])
    }

    private static let partBucketCount = 1_000
    private let parts: [Part]
    private let partBucketCountMax: Int

    /// - Parameter bucketCountMax: buckets kept. Past it the fullest make room: forgetting them forgets the least.
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

    /// Drops the fuller half: whoever is being limited stays limited, whatever else comes by.
    private static func makeRoom(_ buckets: inout [Key: TokenBucket], _ time: ContinuousClock.Instant) {
        let byFullness = buckets.sorted { left, right in
            left.value.fullness(left.key.kind.limit, at: time)
                > right.value.fullness(right.key.kind.limit, at: time)
        }
        for (key, _) in byFullness.prefix(buckets.count / 2 + 1) { buckets[key] = nil }
    }
}
