/// The retry policy for failed events: exponential backoff with full jitter.
///
/// The wait before attempt n+1 is a random duration between 0 and `min(delayMax, delayBase × 2^(n-1))`.
/// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct RetryPolicy: Sendable, Equatable {
    /// The maximum number of attempts for a transient failure, the first one included; then the event becomes a dead letter.
    public var attemptsMax = 5
    public var delayBase: Duration = .milliseconds(100)
    public var delayMax: Duration = .seconds(10)
    /// The maximum wait between two attempts while a dependency is down.
    public var dependencyDelayMax: Duration = .seconds(30)
    /// The maximum wait between two attempts while the hub's own database or log is down. Short: an attempt is cheap, because the
    /// connections know that they have none.
    public var storeDelayMax: Duration = .seconds(2)

    public init() {}

    /// The wait after a failed attempt.
    /// - Parameter attempt: 1 for the first.
    public func delay(after attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        jitter(below: delayMax, attempt, &random)
    }

    /// The wait while a dependency is down.
    public func dependencyDelay(after attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        jitter(below: dependencyDelayMax, attempt, &random)
    }

    /// The wait while the hub's own database or log is down.
    public func storeDelay(after attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        jitter(below: storeDelayMax, attempt, &random)
    }

    private func jitter(
        below limit: Duration, _ attempt: Int, _ random: inout some RandomNumberGenerator
    ) -> Duration {
        let ceiling = min(limit, delayBase * (1 << min(max(0, attempt - 1), 30)))
        return ceiling * Double.random(in: 0...1, using: &random)
    }
}
