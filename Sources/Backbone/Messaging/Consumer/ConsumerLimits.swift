/// The limits of a ``Consumer``.
public struct ConsumerLimits: Sendable {
    /// Events one read of a partition takes, and one transaction handles.
    public var batchCountMax = 500
    /// Transactions under way at once, each for the batches of one partition or of several.
    public var batchesMax = 4
    /// How long it is one, after two transactions were in each other's way.
    public var conflictRest: Duration = .seconds(10)
    /// Events of one partition handled at once when each has a transaction of its own.
    public var aloneCountMax = 8
    /// How long a batch at work may go on after the consumer was told to stop; then it is cancelled.
    public var drainTimeout: Duration = .seconds(10)
    /// How often the lag is measured.
    public var measureInterval: Duration = .seconds(15)

    public init() {}
}
