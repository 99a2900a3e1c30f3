/// A token bucket: allows bursts up to its size, and its fill rate on average.
struct TokenBucket: Sendable {
    /// The request rate of a caller, and the maximum burst.
    struct Limit: Sendable, Hashable {
        let burst: Double
        let perSecond: Double

        static func per(second count: Double, burst: Double) -> Limit { Limit(burst: burst, perSecond: count) }
        static func per(minute count: Double, burst: Double) -> Limit { Limit(burst: burst, perSecond: count / 60) }
    }

    private var permits: Double
    private var updatedAt: ContinuousClock.Instant

    init(_ limit: Limit, at time: ContinuousClock.Instant) {
        permits = limit.burst
        updatedAt = time
    }

    /// Takes a permit.
    /// - Returns: nil when there was one, else the whole seconds until the next.
    mutating func take(_ limit: Limit, at time: ContinuousClock.Instant) -> Int? {
        permits = level(limit, time)
        updatedAt = max(updatedAt, time)
        if permits >= 1 {
            permits -= 1
            return nil
        }
        return max(1, Int(((1 - permits) / limit.perSecond).rounded(.up)))
    }

    /// Whole permits, at the last request.
    var leftCount: Int { Int(permits) }

    /// Whole seconds from then.
    func secondsUntilFull(_ limit: Limit) -> Int { Int(((limit.burst - permits) / limit.perSecond).rounded(.up)) }

    /// From 0, empty, to 1.
    func fullness(_ limit: Limit, at time: ContinuousClock.Instant) -> Double { level(limit, time) / limit.burst }

    private func level(_ limit: Limit, _ time: ContinuousClock.Instant) -> Double {
        // Threads may arrive in another order than they read the clock.
        min(limit.burst, permits + max(0, (time - updatedAt) / .seconds(1)) * limit.perSecond)
    }
}
