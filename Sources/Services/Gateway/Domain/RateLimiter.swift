internal import Synchronization

/// Token buckets by caller and kind of request, bounded in number.
final class RateLimiter: Sendable {
    /// What is limited apart from the rest.
    enum Kind: Hashable, Sendable {
        case registration, login, general

        var limit: TokenBucket.Limit {
            switch self {
            case .registration: .per(minute: 20, burst: 20)
            case .login: .per(minute: 30, burst: 30)
            case .general: .per(second: 50, burst: 200)
            }
        }
    }

    private struct Key: Hashable {
        let caller: String
        let kind: Kind
    }

    /// Buckets kept. Past it the fullest make room: forgetting them forgets the least.
    private let bucketCountMax: Int
    private let buckets = Mutex<[Key: TokenBucket]>([:])

    init(bucketCountMax: Int = 100_000) { self.bucketCountMax = bucketCountMax }

    /// - Parameter caller: an address, or the id of a logged-in person.
    /// - Returns: nil when the request may go on, else after how many seconds to try again.
    func admit(_ caller: String, _ kind: Kind, nowMs: Int64) -> Int? {
        buckets.withLock { buckets in
            let key = Key(caller: caller, kind: kind)
            if buckets[key] == nil, buckets.count >= bucketCountMax { Self.makeRoom(&buckets, nowMs) }
            var bucket = buckets[key] ?? TokenBucket(kind.limit, nowMs: nowMs)
            defer { buckets[key] = bucket }
            return bucket.take(kind.limit, nowMs: nowMs)
        }
    }

    /// Drops the fuller half: whoever is being limited stays limited, whatever else comes by.
    private static func makeRoom(_ buckets: inout [Key: TokenBucket], _ nowMs: Int64) {
        let byFullness = buckets.sorted { left, right in
            left.value.fullness(left.key.kind.limit, nowMs: nowMs)
                > right.value.fullness(right.key.kind.limit, nowMs: nowMs)
        }
        for (key, _) in byFullness.prefix(buckets.count / 2 + 1) { buckets[key] = nil }
    }
}
