internal import EventLoop

/// Detects a statement timeout. The time of a statement starts when the previous one on the connection has completed. A timeout is eight
/// timer ticks; no clock is read.
///
/// Confined to the loop of its ``Connection``.
final class HeadTimer {
    /// nil: no statement timeout.
    var limit: Duration?
    /// The statement the server currently runs.
    var head: () -> Statement? = { nil }
    var onOverdue: (_ head: Statement, _ limit: Duration) -> Void = { _, _ in }

    private let loop: EventLoop
    private var tick: Watch?
    private var ticks = 0
    private var seen: Statement?
    private var isStopped = false

    private static let ticksMax = 8

    init(loop: EventLoop, limit: Duration?) {
        self.loop = loop
        self.limit = limit
    }

    /// Re-arms until no statement is running.
    func start() {
        guard tick == nil, let limit else { return }
        seen = head()
        ticks = 0
        schedule(limit)
    }

    func headHasEnded() { ticks = 0 }

    private func schedule(_ limit: Duration) {
        if isStopped { return }
        tick = try? loop.schedule(after: limit / Self.ticksMax) { self.ticked() }
    }

    private func ticked() {
        tick = nil
        guard let head = head(), let limit else {
            seen = nil
            return
        }
        ticks = head === seen ? ticks + 1 : 0
        seen = head
        if ticks >= Self.ticksMax {
            ticks = 0
            onOverdue(head, limit)
        }
        schedule(limit)
    }

    func stop() {
        isStopped = true
        tick?.cancel()
        tick = nil
        seen = nil
        head = { nil }
        onOverdue = { _, _ in }
    }
}
