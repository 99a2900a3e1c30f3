public import Contracts
public import Postgres
internal import SchemaRegistry

/// A service's reaction to one type of event.
///
/// ```swift
/// Handler(name: "awardPointsOnUserRegistered", on: UserRegistered.self) { received, tx in
///     try await operations.award(.signUp, to: received.event.userID, because: received.eventID, on: tx)
/// }
/// ```
/// Changes on `tx` commit together with the inbox row of the event, so a redelivery has no second effect. The events of a batch share
/// `tx` and are handled one after the other in log order: a handler sees the changes of the previous one. A statement whose result is not
/// needed should use `tx.submit`, which does not wait for the server.
///
/// Batches of other partitions run in other transactions concurrently: a handler must lock the rows it reads in order to change them. On
/// a deadlock the server rolls one transaction back (SQLSTATE 40P01), and its batch is handled again.
public struct Handler: Sendable {
    /// Names reaction and cause. It is stored with every effect, so it must not change after release.
    public let name: String
    /// The topic of its events.
    public let topic: Topic
    /// Whether it has effects that a rollback cannot undo, such as sending mail or charging a card. Such events get one transaction each,
    /// and are skipped in a replay.
    public let hasExternalEffects: Bool
    /// Whether a replay calls it.
    public let runsInReplay: Bool
    let bind: @Sendable (LogRecord, EventCodec) async throws -> BoundCall

    /// - Parameters:
    ///   - hasExternalEffects: see ``hasExternalEffects``; pass the external system an idempotency key derived from ``Received/eventID``.
    ///   - runsInReplay: by default, handlers without external effects run in a replay. A handler with external effects that opts in must
    ///     check ``Received/isReplay`` and skip what must not happen twice.
    ///   - body: throws ``Failure`` (or another ``ClassifiedError``) to declare the class of a failure.
    public init<E: Event>(
        name: StaticString, on type: E.Type, hasExternalEffects: Bool = false, runsInReplay: Bool? = nil,
        _ body: @escaping @Sendable (Received<E>, Transaction) async throws -> Void
    ) {
        self.name = name.description
        topic = E.topic
        self.hasExternalEffects = hasExternalEffects
        self.runsInReplay = runsInReplay ?? !hasExternalEffects
        bind = { record, codec in
            guard let value = record.value else { throw Failure.permanent("the record has no value") }
            let envelope = try await codec.decode(value, as: E.self)
            return BoundCall(
                eventID: envelope.eventID.rawValue, correlationID: envelope.metadata.correlationID.rawValue
            ) {
                isReplay, tx in
                try await body(Received(envelope: envelope, isReplay: isReplay), tx)
            }
        }
    }
}

/// A handler with its decoded event.
struct BoundCall: Sendable {
    let eventID: String
    let correlationID: String
    let run: @Sendable (_ isReplay: Bool, Transaction) async throws -> Void
}
