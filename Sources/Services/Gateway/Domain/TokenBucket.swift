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
    private var updatedMs: Int64

    init(_ limit: Limit, nowMs: Int64) {
        permits = limit.burst
        updatedMs = nowMs
    }

    /// Takes a permit.
    /// - Returns: nil when there was one, else in how many whole seconds there will be.
    mutating func take(_ limit: Limit, nowMs: Int64) -> Int? {
        permits = level(limit, nowMs)
        updatedMs = max(updatedMs, nowMs)
        if permits >= 1 {
            permits -= 1
            return nil
        }
        return max(1, Int(((1 - permits) / limit.perSecond).rounded(.up)))
    }

    /// From 0, empty, to 1.
    func fullness(_ limit: Limit, nowMs: Int64) -> Double { level(limit, nowMs) / limit.burst }

    private func level(_ limit: Limit, _ nowMs: Int64) -> Double {
        min(limit.burst, permits + Double(max(0, nowMs - updatedMs)) / 1_000 * limit.perSecond)
    }
}
