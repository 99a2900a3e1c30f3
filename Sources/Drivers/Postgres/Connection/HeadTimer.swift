internal import EventLoop

/// Notices a statement that has been the first of its connection for too long: a statement's time starts when those before it have
/// ended. Eight ticks make a time-out; no clock is read.
///
/// Confined to the loop of its ``Connection``.
final class HeadTimer {
    /// nil: statements take as long as they take.
    var limit: Duration?
    /// The statement the server works on.
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

    /// Goes on until there is no head any more.
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
