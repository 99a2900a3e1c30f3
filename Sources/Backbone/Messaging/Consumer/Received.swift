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
    /// The same for every delivery. What an external system is given to tell repetitions by is derived from it.
    public var eventID: EventID { envelope.eventID }
}
