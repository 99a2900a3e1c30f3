internal import EventLoop
internal import Synchronization

/// Rung after each commit that left events in the outbox.
///
/// Where the relay of this process is the active one it is woken; elsewhere the ring is passed on by NOTIFY, many rings as one.
/// That is never done within the commit: notifying makes commits wait for each other.
final class OutboxBell: Sendable {
    /// For the active relay.
    let here = Signal()
    /// For who passes it on.
    let elsewhere = Signal()
    private let active = Atomic(false)

    var isActiveHere: Bool {
        get { active.load(ordering: .acquiring) }
        set { active.store(newValue, ordering: .releasing) }
    }

    func ring() { if isActiveHere { here.set() } else { elsewhere.set() } }
}
