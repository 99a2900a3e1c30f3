public import Contracts

/// An event as a handler gets it.
public struct Received<E: Event>: Sendable {
    public let envelope: Envelope<E>
    /// Where it was first written; also for an event that comes by way of the dead letters.
    public let position: LogPosition
    /// True when a range is read again on purpose: what cannot be undone must not be done again.
    public let isReplay: Bool
    /// 1 for the first time; more after failures of this process.
    public let attempt: Int

    public init(envelope: Envelope<E>, position: LogPosition, isReplay: Bool = false, attempt: Int = 1) {
        self.envelope = envelope
        self.position = position
        self.isReplay = isReplay
        self.attempt = attempt
    }

    /// What happened.
    public var event: E { envelope.data }
    public var eventID: EventID { envelope.eventID }

    /// The key to give to an external system, so that it does the same thing once however often the event comes: the same for
    /// every delivery of this event and this purpose.
    /// - Parameter purpose: tells several effects of one event apart; frozen once shipped.
    public func idempotencyKey(_ purpose: StaticString) -> String { "\(envelope.eventID).\(purpose)" }
}
