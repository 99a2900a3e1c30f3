/// A bucket of permits that fills at a steady rate: bursts up to its size, the rate in the long run.
struct TokenBucket: Sendable {
    /// How many requests in how long a caller may make, and how many of them at once.
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
    /// - Returns: nil when there was one, else in how many whole seconds there will be.
    mutating func take(_ limit: Limit, at time: ContinuousClock.Instant) -> Int? {
        permits = level(limit, time)
        updatedAt = max(updatedAt, time)
        if permits >= 1 {
            permits -= 1
            return nil
        }
        return max(1, Int(((1 - permits) / limit.perSecond).rounded(.up)))
    }

    /// Whole permits, as of when one was last asked for.
    var leftCount: Int { Int(permits) }

    /// Whole seconds, as of then.
    func secondsUntilFull(_ limit: Limit) -> Int { Int(((limit.burst - permits) / limit.perSecond).rounded(.up)) }

    /// From 0, empty, to 1.
    func fullness(_ limit: Limit, at time: ContinuousClock.Instant) -> Double { level(limit, time) / limit.burst }

    private func level(_ limit: Limit, _ time: ContinuousClock.Instant) -> Double {
        // Threads read the clock one after the other, and come here in any order.
        min(limit.burst, permits + max(0, (time - updatedAt) / .seconds(1)) * limit.perSecond)
    }
}
