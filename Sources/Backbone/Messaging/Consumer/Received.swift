public import Contracts

/// An event as a handler gets it.
public struct Received<E: Event>: Sendable {
    public let envelope: Envelope<E>
    /// True when a range is read again on purpose: what cannot be undone must not be done again.
    public let isReplay: Bool

    init(envelope: Envelope<E>, isReplay: Bool) {
        self.envelope = envelope
        self.isReplay = isReplay
    }

    /// What happened.
    public var event: E { envelope.data }
    /// The same for every delivery. What an external system is given to tell repetitions by is derived from it.
    public var eventID: EventID { envelope.eventID }
}
