/// The limits of a ``Relay``.
public struct RelayLimits: Sendable {
    /// Events sent to the log at once.
    public var batchCountMax = 1_000
    /// Bytes of values sent to the log at once; one event always fits.
    public var batchBytesMax = 8 * 1024 * 1024
    /// How long the log may take to acknowledge a batch before it is sent again.
    public var appendMax: Duration = .seconds(120)
    /// How long what has been sent stays in the outbox when there is nothing else to read.
    public var removalDelay: Duration = .milliseconds(20)
    /// How often the outbox is looked at even when nobody rang.
    public var pollInterval: Duration = .milliseconds(500)
    /// How often a relay that stands by asks whether the active one is gone, on average.
    public var standByInterval: Duration = .milliseconds(250)
    /// The active relay says that it is alive. One that is silent for so long is frozen or cut off, and another takes over.
    public var silenceMax: Duration = .seconds(30)
    /// Waits after a failure grow from this…
    public var retryDelayBase: Duration = .milliseconds(50)
    /// …to this, with full jitter.
    public var retryDelayMax: Duration = .seconds(5)

    public init() {}

    var retryPolicy: RetryPolicy {
        var policy = RetryPolicy()
        policy.delayBase = retryDelayBase
        policy.delayMax = retryDelayMax
        return policy
    }
}
