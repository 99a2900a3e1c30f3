public import Contracts

/// An event as passed to a handler.
public struct Received<E: Event>: Sendable {
    public let envelope: Envelope<E>
    /// True in a replay: effects that cannot be undone must be skipped.
    public let isReplay: Bool

    init(envelope: Envelope<E>, isReplay: Bool) {
        self.envelope = envelope
        self.isReplay = isReplay
    }

    /// The event's data.
    public var event: E { envelope.data }
    /// The same for every delivery. Idempotency keys for external systems are derived from it.
    public var eventID: EventID { envelope.eventID }
}
