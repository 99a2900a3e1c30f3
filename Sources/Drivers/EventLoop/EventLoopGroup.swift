internal import Synchronization

/// The event loops of a process, usually one per core.
public final class EventLoopGroup: Sendable {
    public let loops: [EventLoop]
    private let turn = Atomic<UInt>(0)

    /// - Parameter count: how many loops, at least one.
    /// - Throws: ``EventLoopError/outOfResources``.
    public init(count: Int, name: String = "loop") throws(EventLoopError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) { loops.append(try EventLoop(name: "\(name)-\(index)")) }
        self.loops = loops
    }

    /// The caller's own loop when it belongs to this group, otherwise the next loop in round-robin order.
    public func next() -> EventLoop {
        if let current = EventLoop.current, loops.contains(where: { $0 === current }) { return current }
        return nextInTurn()
    }

    /// The next loop in round-robin order, wherever the caller runs: for long work that should be spread over the cores.
    public func nextInTurn() -> EventLoop {
        loops[Int(turn.add(1, ordering: .relaxed).oldValue % UInt(loops.count))]
    }

    /// Ends every loop; see ``EventLoop/shutdown()``.
    public func shutdown() async {
        for loop in loops { await loop.shutdown() }
    }
}
