public import Contracts
internal import HTTP
public import Postgres
internal import Synchronization

/// What makes an operation act once for an `Idempotency-Key`, given to the handler of a ``Routes/postOnce(_:_:_:)`` route.
///
/// ```swift
/// try await database.transaction { tx in
///     try await once.run(on: tx) {
///         try await open(registration, on: tx)
///     } again: { id in
///         try await find(id, on: tx)
///     }
/// }
/// ```
/// The key commits together with what was made, or neither does: when nobody knows how a commit came out, the same key finds what
/// was made, or makes it.
public final class Once: Sendable {
    /// What a key is known by, and what it was sent with.
    struct Claim: Sendable {
        let digest: [UInt8]
        let fingerprint: [UInt8]
    }

    enum Outcome: Sendable {
        case nothing, made, found
    }

    /// nil for a request without a key: each of those acts.
    private let claim: Claim?
    private let state = Mutex(Outcome.nothing)

    /// - Parameter claim: nil for a request without a key.
    init(_ claim: Claim?) { self.claim = claim }

    var outcome: Outcome { state.withLock { $0 } }

    /// Makes something in `tx`, or finds what the same request made before.
    ///
    /// It belongs before whatever the state of things decides, so that a repeated request never meets its own effect as somebody
    /// else's. A request that comes while another with its key is at work waits for that one's transaction to end.
    /// - Parameters:
    ///   - make: what throws leaves the key free, with everything else that is rolled back.
    ///   - again: given the id of what was made; it may be gone by now.
    /// - Throws: 422 when the key came before with another request; what `make` and `again` throw; ``PostgresError``.
    public func run<Made: Identifiable>(
        on tx: Transaction, _ make: () async throws -> Made, again: (Made.ID) async throws -> Made
    ) async throws -> Made where Made.ID: HubID {
        guard let claim else { return try await note(.made, make()) }
        if let known = try await claim.take(on: tx) {
            return try await note(.found, again(try Made.ID(validating: known)))
        }
        let made = try await make()
        tx.submit(
            "update idempotency_key set made = \(made.id.rawValue) where digest = \(claim.digest)")
        return note(.made, made)
    }

    /// The id of what the same request made before, as text: for operations that ask others before they have a transaction. Nothing is
    /// claimed, so ``run(on:_:again:)`` decides all the same.
    /// - Throws: 422 when the key came before with another request.
    public func made(in database: Database) async throws -> String? {
        guard let claim else { return nil }
        let rows = try await database.query(
            "select fingerprint, made from idempotency_key where digest = \(claim.digest)")
        guard let (known, made) = try rows.first?.decode([UInt8].self, String?.self), let made else { return nil }
        guard known == claim.fingerprint else { throw Problem.idempotencyKeyReused }
        return note(.found, made)
    }

    /// Keeps what another service made under the same key, in one statement: that service acts once, and this one finds it again.
    /// - Throws: 422 when the key came before with another request; ``PostgresError``.
    public func keep<Made: Identifiable>(_ made: Made, in database: Database) async throws -> Made
    where Made.ID: HubID {
        guard let claim else { return note(.made, made) }
        // The update changes nothing: it makes the statement return the row that was there.
        let rows = try await database.query(
            """
            insert into idempotency_key as k (digest, fingerprint, made)
            values (\(claim.digest), \(claim.fingerprint), \(made.id.rawValue))
            on conflict (digest) do update set fingerprint = k.fingerprint
            returning fingerprint
            """)
        guard try rows.first?.decode([UInt8].self) == claim.fingerprint else { throw Problem.idempotencyKeyReused }
        return note(.made, made)
    }

    private func note<Made>(_ outcome: Outcome, _ made: Made) -> Made {
        state.withLock { $0 = outcome }
        return made
    }
}

extension Once.Claim {
    /// Waits for whoever has the key to commit or to give it up.
    /// - Returns: the id of what was made under the key; nil when the key is ours, for as long as the transaction lives.
    fileprivate func take(on tx: Transaction) async throws -> String? {
        // The update changes nothing: it makes the statement return the row that was there.
        let rows = try await tx.query(
            """
            insert into idempotency_key as k (digest, fingerprint) values (\(digest), \(fingerprint))
            on conflict (digest) do update set fingerprint = k.fingerprint
            returning fingerprint, made
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "a claim returned no row") }
        let (known, made) = try row.decode([UInt8].self, String?.self)
        guard known == fingerprint else { throw Problem.idempotencyKeyReused }
        return made
    }
}

/// A mistake in a service: its route promises ``Once`` and its operation does not act through it.
struct ActedWithoutOnce: Error, CustomStringConvertible {
    var description: String { "the operation of a postOnce route did not act through Once.run" }
}
