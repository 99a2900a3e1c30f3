internal import EventLoop

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
/// The holder says where to begin, reads with ``next(countMax:)`` until that answers nil, then calls ``release()``: only then does the
/// partition go to another member, so a batch at work is finished by the one who began it. A holder that does not give it back within
/// ``SubscriptionLimits/handOverMax`` loses it, and so does one that died or hangs.
public protocol Lease: Sendable {
    var partition: TopicPartition { get }

    /// Whether the partition is wanted back, or gone. Finish the batch at hand, then release.
    var isRevoked: Bool { get }

    /// Sets where ``next(countMax:)`` begins.
    /// - Parameter offset: nil for where the log thinks the group is, and where it knows nothing, for ``SubscriptionLimits/start``.
    /// - Returns: where that is.
    /// - Throws: ``EventLogError``.
    func start(at offset: Int64?) async throws -> Int64

    /// Waits for records after the position and moves the position behind them. Nil when the lease is over.
    /// - Throws: `CancellationError`, ``EventLogError``. The position is unchanged then.
    func next(countMax: Int) async throws -> LogBatch?

    /// Tells the log that the group has dealt with everything below `offset`. Tools learn from it how far a group is; it may reach the
    /// log a second later, or not at all.
    func acknowledge(_ offset: Int64)

    /// Returns once the partition is wanted back or gone, and when the task is cancelled.
    func whenRevoked() async

    /// Gives the partition back at once. May be called more than once.
    func release() async
}

extension Lease {
    /// Waits before something is tried again.
    /// - Throws: ``EventLogError/leaseLost(_:)`` at once when the partition is wanted back: who has it next tries by itself;
    ///   `CancellationError`.
    func wait(_ delay: Duration, on loop: EventLoop) async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.whenRevoked() }
            group.addTask { try? await loop.sleep(for: delay) }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
        if isRevoked { throw EventLogError.leaseLost(partition) }
    }
}

/// Where a group begins of which the log knows no position.
public enum StartPosition: Sendable {
    case earliest, latest
}

/// How a member takes part in its group.
public struct SubscriptionLimits: Sendable {
    /// Where to begin without a position.
    public var start: StartPosition = .earliest
    /// A member that is not heard of for so long has lost its leases.
    public var leaseDuration: Duration = .seconds(10)
    /// How often a member is heard of and looks for changes of the group. Well below ``leaseDuration``.
    public var heartbeatInterval: Duration = .seconds(2)
    /// How long a holder may take to give back a partition that is wanted by another.
    public var handOverMax: Duration = .seconds(10)
    /// How often the log is told what was acknowledged.
    public var acknowledgeInterval: Duration = .seconds(1)
    /// Bytes of keys, headers and values one read takes at most; one record of each partition always fits.
    public var batchBytesMax = 8 * 1024 * 1024
    /// Partitions one read takes at most.
    public var partitionsReadMax = 64

    public init() {}
}
