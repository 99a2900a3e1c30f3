public import Contracts
public import Postgres
internal import SchemaRegistry

/// One reaction of a service to one type of event.
///
/// ```swift
/// Handler(name: "awardPointsOnUserRegistered", on: UserRegistered.self) { received, tx in
///     try await operations.award(.signUp, to: received.event.userID, because: received.eventID, on: tx)
/// }
/// ```
/// What it does on `tx` commits together with the note that the event was handled: redelivery has no second effect. Handlers of
/// different keys may run at once on one transaction; statements are then sent without waiting for each other.
public struct Handler: Sendable {
    /// Says reaction and cause. Frozen once shipped: it is stored with every effect.
    public let name: String
    /// Where its events come from.
    public let topic: Topic
    /// Whether it does what no rollback undoes: sends mail, charges a card. Such events are handled one in a transaction, and
    /// not in a replay.
    public let hasExternalEffects: Bool
    /// Whether a replay calls it.
    public let runsInReplay: Bool
    let bind: @Sendable (LogRecord, EventCodec) async throws -> BoundCall

    /// - Parameters:
    ///   - hasExternalEffects: see ``hasExternalEffects``; give the outside system ``Received/idempotencyKey(_:)``.
    ///   - runsInReplay: by default only what has no external effects is replayed. A handler that asks for it sees
    ///     ``Received/isReplay`` and suppresses by itself what must not happen twice.
    ///   - body: throws ``Failure`` (or another ``ClassifiedError``) to say how a failure is to be taken.
    public init<E: Event>(
        name: StaticString, on type: E.Type, hasExternalEffects: Bool = false, runsInReplay: Bool? = nil,
        _ body: @escaping @Sendable (Received<E>, Transaction) async throws -> Void
    ) {
        self.name = name.description
        topic = E.topic
        self.hasExternalEffects = hasExternalEffects
        self.runsInReplay = runsInReplay ?? !hasExternalEffects
        bind = { record, codec in
            let envelope = try await codec.decode(record.value, as: E.self)
            return BoundCall(
                eventID: envelope.eventID.rawValue, correlationID: envelope.metadata.correlationID.rawValue
            ) {
                delivery, tx in
                let received = Received(
                    envelope: envelope, position: delivery.position, isReplay: delivery.isReplay,
                    attempt: delivery.attempt)
                try await body(received, tx)
            }
        }
    }
}

/// A handler with the event it is to handle, decoded.
struct BoundCall: Sendable {
    let eventID: String
    let correlationID: String
    let run: @Sendable (Delivery, Transaction) async throws -> Void
}

/// How an event came.
struct Delivery: Sendable {
    var position: LogPosition
    var isReplay: Bool
    var attempt: Int
}
