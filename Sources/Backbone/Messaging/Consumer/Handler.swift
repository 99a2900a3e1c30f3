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
/// What it does on `tx` commits together with the note that the event was handled: redelivery has no second effect. The events of a
/// batch share `tx` and are handled one after the other, in the order of the log: a handler sees what the one before it did, and
/// finds the rows as they are. What needs no answer goes by `tx.submit`, which does not wait for the server.
///
/// Batches of other partitions are in other transactions at the same time: a handler locks what it reads in order to change it.
/// Where two transactions wait for each other, the server ends one of them (40P01), and its batch is handled again.
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
    ///   - hasExternalEffects: see ``hasExternalEffects``; give the outside system a key derived from ``Received/eventID``.
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
            guard let value = record.value else { throw Failure.permanent("a record without a value") }
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

/// A handler with the event it is to handle, decoded.
struct BoundCall: Sendable {
    let eventID: String
    let correlationID: String
    let run: @Sendable (_ isReplay: Bool, Transaction) async throws -> Void
}
