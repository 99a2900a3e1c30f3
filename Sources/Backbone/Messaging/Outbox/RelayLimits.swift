/// The limits of a ``Relay``.
public struct RelayLimits: Sendable {
    /// The maximum number of events per append.
    public var batchCountMax = 1_000
    /// The maximum bytes of values per append; one event always fits.
    public var batchBytesMax = 8 * 1024 * 1024
    /// How long the log may take to acknowledge a batch before it is retried.
    public var appendMax: Duration = .seconds(120)
    /// How long sent rows stay in the outbox when there is nothing else to read.
    public var removalDelay: Duration = .milliseconds(20)
    /// The polling interval of the outbox, in addition to signals.
    public var pollInterval: Duration = .milliseconds(500)
    /// The average interval at which a standby relay tries to acquire the lock.
    public var standByInterval: Duration = .milliseconds(250)
    /// The session timeout: an active relay that is silent for this long is frozen or cut off, and another one takes over.
    public var silenceMax: Duration = .seconds(30)
    /// The minimum retry delay.
    public var retryDelayBase: Duration = .milliseconds(50)
    /// The maximum retry delay, with full jitter.
    public var retryDelayMax: Duration = .seconds(5)

    public init() {}

    var retryPolicy: RetryPolicy {
        var policy = RetryPolicy()
        policy.delayBase = retryDelayBase
        policy.delayMax = retryDelayMax
        return policy
    }
}
