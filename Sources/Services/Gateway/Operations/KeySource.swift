internal import Contracts
internal import EventLoop
internal import HTTP
internal import Platform
internal import Secrets

/// Auth's public keys, fetched on first use and cached.
actor KeySource {
    private static let pathOfKeys = "/.well-known/jwks.json"
    /// Time until a refresh.
    private let keptTime: Duration = .seconds(300)
    /// Minimum time between fetches: anyone can send a token with an unknown key id, and auth may be down.
    private let triedTimeMin: Duration = .seconds(1)

    private let context: ServiceContext
    private let services: ServiceClient
    private var fetched: (keys: VerifyingKeys, at: ContinuousClock.Instant)?
    /// Whether or not it succeeded.
    private var triedAt: ContinuousClock.Instant?
    private var fetch: Task<VerifyingKeys, any Error>?

    init(_ context: ServiceContext, _ services: ServiceClient) {
        self.context = context
        self.services = services
    }

    func current() async throws -> VerifyingKeys {
        guard let fetched else { return try await fetchNow() }
        // Old keys remain valid: callers do not wait for newer ones, or for auth while it is down.
        if context.uptime() - fetched.at >= keptTime { _ = begin() }
        return fetched.keys
    }

    func renewed() async throws -> VerifyingKeys {
        if let fetched, fetch == nil, !mayTry(at: context.uptime()) { return fetched.keys }
        return try await fetchNow()
    }

    private func mayTry(at time: ContinuousClock.Instant) -> Bool { triedAt.map { time - $0 >= triedTimeMin } ?? true }

    private func fetchNow() async throws -> VerifyingKeys {
        guard let fetch = begin() else { throw Problem.unavailable }
        return try await fetch.value
    }

    /// Callers at the same time share one fetch.
    /// - Returns: nil when the last one was too recent.
    private func begin() -> Task<VerifyingKeys, any Error>? {
        if let fetch { return fetch }
        let time = context.uptime()
        guard mayTry(at: time) else { return nil }
        triedAt = time
        let fetch = context.loops.next().start("fetch token keys") { [services, weak self] in
            do {
                let keys = try await Self.fetch(services)
                await self?.ended(with: keys, at: time)
                return keys
            } catch {
                await self?.ended(with: nil, at: time)
                throw error
            }
        }
        self.fetch = fetch
        return fetch
    }

    private func ended(with keys: VerifyingKeys?, at time: ContinuousClock.Instant) {
        fetch = nil
        if let keys { fetched = (keys, time) }
    }

    private static func fetch(_ services: ServiceClient) async throws -> VerifyingKeys {
        guard let keys = VerifyingKeys(json: try await services.call(.auth, .get, pathOfKeys)) else {
            throw Problem.unavailable
        }
        return keys
    }
}
