#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts
internal import EventLoop
internal import HTTP
internal import Platform
internal import Secrets

/// Auth's public keys, fetched when they are first needed and kept.
actor KeySource {
    private static let pathOfKeys = "/.well-known/jwks.json"
    private static let keysBytesMax = 64 * 1024
    /// Kept so long without asking again.
    private let keptSeconds: Double = 300
    /// Asked again no more often than this: anyone can send a token with an invented key id, and auth may be away.
    private let triedSecondsMin: Double = 1

    private let context: ServiceContext
    private var keys: VerifyingKeys?
    private var fetchedAt = Date.distantPast
    /// Whether or not anything came of it.
    private var triedAt = Date.distantPast
    private var fetch: Task<VerifyingKeys, any Error>?

    init(_ context: ServiceContext) { self.context = context }

    func current(now: Date) async throws -> VerifyingKeys {
        guard let keys else { return try await fetched(now: now) }
        // Keys of a moment ago are still right: nobody waits for newer ones, nor for auth while it is away.
        if now.timeIntervalSince(fetchedAt) >= keptSeconds { _ = begin(now: now) }
        return keys
    }

    func renewed(now: Date) async throws -> VerifyingKeys {
        if let keys, fetch == nil, !mayTry(now) { return keys }
        return try await fetched(now: now)
    }

    private func mayTry(_ now: Date) -> Bool { abs(now.timeIntervalSince(triedAt)) >= triedSecondsMin }

    private func fetched(now: Date) async throws -> VerifyingKeys {
        guard let fetch = begin(now: now) else { throw Problem.unavailable }
        return try await fetch.value
    }

    /// Callers at the same time share one fetch.
    /// - Returns: nil when the last one is too short a while ago.
    private func begin(now: Date) -> Task<VerifyingKeys, any Error>? {
        if let fetch { return fetch }
        guard mayTry(now) else { return nil }
        triedAt = now
        let fetch = context.loops.next().start("fetch token keys") { [context, weak self] in
            do {
                let keys = try await Self.fetch(context)
                await self?.ended(with: keys, at: now)
                return keys
            } catch {
                await self?.ended(with: nil, at: now)
                throw error
            }
        }
        self.fetch = fetch
        return fetch
    }

    private func ended(with fetched: VerifyingKeys?, at now: Date) {
        fetch = nil
        guard let fetched else { return }
        keys = fetched
        fetchedAt = now
    }

    private static func fetch(_ context: ServiceContext) async throws -> VerifyingKeys {
        let response = try await context.call(.auth, .get, pathOfKeys)
        guard response.status == .ok,
            let keys = VerifyingKeys(json: try await response.body.collect(bytesMax: keysBytesMax))
        else { throw Problem.unavailable }
        return keys
    }
}
