internal import EventLoop
internal import Synchronization

/// Signalled after each commit that left events in the outbox.
///
/// If the active relay is in this process, it is woken directly; otherwise the signal is forwarded by NOTIFY, with several signals
/// merged. NOTIFY is never part of the transaction itself, because it serialises commits.
final class OutboxBell: Sendable {
    /// Wakes the active relay.
    let here = Signal()
    /// Wakes the forwarder.
    let elsewhere = Signal()
    private let active = Atomic(false)

    var isActiveHere: Bool {
        get { active.load(ordering: .acquiring) }
        set { active.store(newValue, ordering: .releasing) }
    }

    func ring() { if isActiveHere { here.set() } else { elsewhere.set() } }
}
