/// A member of a group. It is handed leases of partitions as the group shares them out.
public protocol Subscription: Sendable {
    /// Waits for the next lease the group gives this member; nil when the subscription is closed.
    /// - Throws: `CancellationError`.
    func nextLease() async throws -> (any Lease)?

    /// Leaves the group at once, so that others take over without waiting. Leases end.
    func close() async
}

/// The right to read one partition for a group, until it is revoked or released.
///
/// The holder reads with ``next(countMax:)`` until that answers nil, then calls ``release()``: only then does the partition go
/// to another member, so a batch at work is finished by the one who began it. A holder that died or hangs loses the lease when it
/// runs out; ``commit(_:)`` then throws, whatever the holder believes.
public protocol Lease: Sendable {
    var partition: TopicPartition { get }

    /// Which lease of this partition in this group it is; higher is later. Fences commits.
    var generation: Int64 { get }

    /// Whether the group wants the partition back. Finish the batch at hand, then release.
    var isRevoked: Bool { get }

    /// Waits for records after the position and moves the position behind them. Never empty; nil when the lease is over.
    /// - Throws: `CancellationError`, ``EventLogError``. The position is unchanged then.
    func next(countMax: Int) async throws -> [LogRecord]?

    /// Stores that the group has dealt with everything below `offset`.
    /// - Throws: ``EventLogError/leaseLost(_:)`` when another holder has the partition: nothing was stored.
    func commit(_ offset: Int64) async throws

    /// Keeps the lease alive without reading ahead: ``next(countMax:)`` waits until ``resume()``.
    func pause()
    func resume()

    /// Gives the partition back at once. May be called more than once.
    func release() async
}

/// Where a group without a committed offset begins.
public enum StartPosition: Sendable {
    case earliest, latest
}

/// How a member takes part in its group.
public struct SubscriptionLimits: Sendable {
    /// Where to begin without a committed offset.
    public var start: StartPosition = .earliest
    /// A member that is not heard of for so long has lost its leases.
    public var leaseDuration: Duration = .seconds(10)
    /// How often a member is heard of and looks for changes of the group. Well below ``leaseDuration``.
    public var heartbeatInterval: Duration = .seconds(2)
    /// How long a wait for records takes at most before looking anyway, when no wake-up came.
    public var pollInterval: Duration = .seconds(1)
    /// Bytes of keys, headers and values one read takes at most; one record of each partition always fits.
    public var batchBytesMax = 8 * 1024 * 1024
    /// Partitions one read takes at most.
    public var partitionsReadMax = 64

    public init() {}
}
