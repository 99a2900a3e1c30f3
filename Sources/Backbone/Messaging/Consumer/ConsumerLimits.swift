/// The limits of a ``Consumer``.
public struct ConsumerLimits: Sendable {
    /// The maximum number of events per read of a partition, and per transaction.
    public var batchCountMax = 500
    /// The maximum number of concurrent transactions.
    public var batchesMax = 4
    /// After a deadlock between two transactions, how long they run one at a time.
    public var conflictRest: Duration = .seconds(10)
    /// When each event has its own transaction: how many events of one partition are handled concurrently.
    public var aloneCountMax = 8
    /// How long running batches may continue after the consumer is stopped; then they are cancelled.
    public var drainTimeout: Duration = .seconds(10)
    /// The interval of lag measurements.
    public var measureInterval: Duration = .seconds(15)

    public init() {}
}
