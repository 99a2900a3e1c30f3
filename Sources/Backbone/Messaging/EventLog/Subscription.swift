internal import EventLoop

/// A member of a group. It receives leases of the partitions that the group assigns to it.
public protocol Subscription: Sendable {
    /// Waits for the next lease; nil when the subscription is closed.
    /// - Throws: `CancellationError`.
    func nextLease() async throws -> (any Lease)?

    /// Leaves the group at once, so that other members take over without delay. All leases end.
    func close() async
}

/// The right to read one partition for a group, until it is revoked or released.
///
/// The holder sets the start offset, reads with ``next(countMax:)`` until it returns nil, then calls ``release()``. Only then does the
/// partition move to another member, so that the holder can finish its current batch. A holder that does not release within
/// ``SubscriptionLimits/handOverMax``, crashes or hangs loses the partition.
public protocol Lease: Sendable {
    var partition: TopicPartition { get }

    /// Whether the partition was revoked or lost. Finish the current batch, then release.
    var isRevoked: Bool { get }

    /// Sets the offset at which ``next(countMax:)`` starts.
    /// - Parameter offset: nil for the group's offset in the log, or for ``SubscriptionLimits/start`` when there is none.
    /// - Returns: the start offset.
    /// - Throws: ``EventLogError``.
    func start(at offset: Int64?) async throws -> Int64

    /// Waits for records at the current offset and moves it behind them. nil when the lease has ended.
    /// - Parameter atEnd: called before a wait, when the log has answered that there is no record yet; not by every log.
    /// - Throws: `CancellationError`, ``EventLogError``. The offset is then unchanged.
    func next(countMax: Int, atEnd: @Sendable () -> Void) async throws -> LogBatch?

    /// Reports to the log that the group has processed everything below `offset`. Only for monitoring; it may reach the log a second
    /// later, or not at all.
    func acknowledge(_ offset: Int64)

    /// Returns once the partition is revoked or lost, and when the task is cancelled.
    func whenRevoked() async

    /// Releases the partition at once. May be called more than once.
    func release() async
}

extension Lease {
    public func next(countMax: Int) async throws -> LogBatch? { try await next(countMax: countMax) {} }

    /// Waits before a retry.
    /// - Throws: ``EventLogError/leaseLost(_:)`` at once when the partition is revoked, because the next holder retries by itself;
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

/// The start of a group without an offset in the log.
public enum StartPosition: Sendable {
    case earliest, latest
}

/// The settings of a group member.
public struct SubscriptionLimits: Sendable {
    /// Where to start without an offset.
    public var start: StartPosition = .earliest
    /// A member without heartbeats for this long loses its leases.
    public var leaseDuration: Duration = .seconds(10)
    /// The interval of heartbeats and checks for changes of the group. Must be well below ``leaseDuration``.
    public var heartbeatInterval: Duration = .seconds(2)
    /// How long a holder may take to release a revoked partition.
    public var handOverMax: Duration = .seconds(10)
    /// The interval at which acknowledged offsets are stored in the log.
    public var acknowledgeInterval: Duration = .seconds(1)
    /// The maximum bytes of keys, headers and values per read; one record of each partition always fits.
    public var batchBytesMax = 8 * 1024 * 1024
    /// The maximum number of partitions per read.
    public var partitionsReadMax = 64

    public init() {}
}
