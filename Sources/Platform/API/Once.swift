public import Contracts
internal import HTTP
public import Postgres
internal import Synchronization

/// Makes an operation act once per `Idempotency-Key`. The handler of a ``Routes/postOnce(_:_:_:)`` route receives it.
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
/// The key and the created object commit together. When the outcome of a commit is unknown, a retry with the same key finds the object
/// or creates it.
public final class Once: Sendable {
    /// Identifies a key and the request sent with it.
    struct Claim: Sendable {
        let digest: [UInt8]
        let fingerprint: [UInt8]
    }

    enum Outcome: Sendable {
        case nothing, made, found
    }

    /// nil for a request without a key, which always acts.
    private let claim: Claim?
    private let state = Mutex(Outcome.nothing)

    /// - Parameter claim: nil for a request without a key.
    init(_ claim: Claim?) { self.claim = claim }

    var outcome: Outcome { state.withLock { $0 } }

    /// Creates an object in `tx`, or finds the one that the same request created before.
    ///
    /// Call it before checks of the current state, so that a repeated request does not conflict with its own effect. A request
    /// waits while another transaction holds its key.
    /// - Parameters:
    ///   - make: if it throws, the rollback releases the key.
    ///   - again: receives the id of the created object, which may be deleted by now.
    /// - Throws: 422 when the key was used for another request; errors of `make` and `again`; ``PostgresError``.
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

    /// The id of the object that the same request created, as text: for operations that call other services before a transaction.
    /// It does not claim the key; ``run(on:_:again:)`` decides.
    /// - Throws: 422 when the key was used for another request.
    public func made(in database: Database) async throws -> String? {
        guard let claim else { return nil }
        let rows = try await database.query(
            "select fingerprint, made from idempotency_key where digest = \(claim.digest)")
        guard let (known, made) = try rows.first?.decode([UInt8].self, String?.self), let made else { return nil }
        guard known == claim.fingerprint else { throw Problem.idempotencyKeyReused }
        return note(.found, made)
    }

    /// Stores, in one statement, what another service created under the same key. That service is idempotent too.
    /// - Throws: 422 when the key was used for another request; ``PostgresError``.
    public func keep<Made: Identifiable>(_ made: Made, in database: Database) async throws -> Made
    where Made.ID: HubID {
        _ = try await claim?.take(for: made.id.rawValue, on: database)
        return note(.made, made)
    }

    private func note<Made>(_ outcome: Outcome, _ made: Made) -> Made {
        state.withLock { $0 = outcome }
        return made
    }
}

extension Once.Claim {
    /// Waits until the transaction that holds the key ends, then inserts the key unless it exists.
    /// - Parameter object: the id of the object created under the key; nil when a later statement of the transaction sets it.
    /// - Returns: the id of the object created under the key; nil when the transaction of `statements` now holds the key.
    fileprivate func take(for object: String? = nil, on statements: some Statements) async throws -> String? {
        // The update changes nothing: it makes the statement return the existing row.
        let rows = try await statements.query(
            """
            insert into idempotency_key as k (digest, fingerprint, made)
            values (\(digest), \(fingerprint), \(object as String?))
            on conflict (digest) do update set fingerprint = k.fingerprint
            returning fingerprint, made
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "a claim returned no row") }
        let (known, made) = try row.decode([UInt8].self, String?.self)
        guard known == fingerprint else { throw Problem.idempotencyKeyReused }
        return made
    }
}

/// A programming error: a `postOnce` route whose operation does not act through ``Once``.
struct ActedWithoutOnce: Error, CustomStringConvertible {
    var description: String { "the operation of a postOnce route did not act through Once.run" }
}
