internal import Platform
internal import Postgres
internal import Secrets
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The keys that sign access tokens, shared by all processes of this service through the database.
final class KeyRing: Sendable {
    /// The cache lifetime: another process may have created a key.
    private static let freshTime = Duration.seconds(60)

    private let database: Database
    private let schedule: KeySchedule
    private let uptime: Uptime
    private let store = Store()
    private let loaded = Mutex<Loaded?>(nil)

    private struct Loaded {
        let at: ContinuousClock.Instant
        let keys: [String: SigningKey]
        let times: [KeyTimes]
    }

    init(database: Database, schedule: KeySchedule, uptime: @escaping Uptime) {
        self.database = database
        self.schedule = schedule
        self.uptime = uptime
    }

    /// The current signing key.
    func signingKey(at time: Date) async throws -> SigningKey {
        let ring = try await current()
        guard let chosen = schedule.signing(ring.times, at: time), let key = ring.keys[chosen.id] else {
            throw KeyRingError.noKey
        }
        return key
    }

    /// The key set (RFC 7517) of all published keys.
    func published() async throws -> [UInt8] {
        VerifyingKeys(try await current().keys.values.map(\.verifyingKey)).json()
    }

    /// Creates the next key when it is due, and deletes keys without valid tokens.
    /// - Returns: whether a key was created.
    @discardableResult
    func rotate(at time: Date) async throws -> Bool {
        let isNew = try await database.transaction { tx in
            let stored = try await store.lockKeys(on: tx).map(\.times)
            let key = SigningKey.generate()
            let next = schedule.due(stored, id: key.id, at: time)
            if let next { store.insert(StoredKey(times: next, privateJWK: key.exported()), on: tx) }
            let spent = schedule.spent(stored, at: time)
            if !spent.isEmpty { store.deleteKeys(spent.map(\.id), on: tx) }
            return next != nil
        }
        _ = try await load()
        return isNew
    }

    private func current() async throws -> Loaded {
        if let loaded = loaded.withLock({ $0 }), uptime() - loaded.at < Self.freshTime { return loaded }
        return try await load()
    }

    private func load() async throws -> Loaded {
        let time = uptime()
        let stored = try await store.listKeys(on: database)
        var keys: [String: SigningKey] = [:]
        for key in stored {
            guard let parsed = SigningKey(key.privateJWK) else { throw KeyRingError.unreadableKey }
            keys[key.times.id] = parsed
        }
        let fresh = Loaded(at: time, keys: keys, times: stored.map(\.times))
        loaded.withLock { $0 = fresh }
        return fresh
    }
}

enum KeyRingError: Error {
    case noKey
    case unreadableKey
}
