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
    /// Asked again for an unknown key no more often than this: anyone can send a token with an invented key id.
    private let renewedSecondsMin: Double = 1

    private let context: ServiceContext
    private var keys: VerifyingKeys?
    private var fetchedAt = Date.distantPast
    private var fetch: Task<VerifyingKeys, any Error>?

    init(_ context: ServiceContext) { self.context = context }

    func current(now: Date) async throws -> VerifyingKeys {
        if let keys, now.timeIntervalSince(fetchedAt) < keptSeconds { return keys }
        do {
            return try await fetched(now: now)
        } catch {
            // Keys of a moment ago are still right when auth is away for a while.
            if let keys { return keys }
            throw error
        }
    }

    func renewed(now: Date) async throws -> VerifyingKeys {
        if let keys, now.timeIntervalSince(fetchedAt) < renewedSecondsMin { return keys }
        return try await fetched(now: now)
    }

    /// Callers at the same time share one fetch.
    private func fetched(now: Date) async throws -> VerifyingKeys {
        if let fetch { return try await fetch.value }
        let fetch = context.loops.next().start("fetch token keys") { [context] in try await Self.fetch(context) }
        self.fetch = fetch
        defer { self.fetch = nil }
        let keys = try await fetch.value
        self.keys = keys
        fetchedAt = now
        return keys
    }

    private static func fetch(_ context: ServiceContext) async throws -> VerifyingKeys {
        let response = try await context.call(.auth, .get, pathOfKeys)
        guard response.status == .ok,
            let keys = VerifyingKeys(json: try await response.body.collect(bytesMax: keysBytesMax))
        else { throw Problem.unavailable }
        return keys
    }
}
