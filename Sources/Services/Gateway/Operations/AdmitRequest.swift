#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts
internal import HTTP
internal import Platform
internal import Secrets

/// Who makes a request.
struct Caller: Sendable {
    static let anonymous = Caller(token: nil, standing: nil)

    /// The verified access token; nil without one.
    let token: AccessToken?
    /// For the limit per person; nil without one.
    let standing: RateLimitStanding?

    var identity: Identity { token?.identity ?? .anonymous }
}

/// Authenticates and rate-limits callers.
struct AdmitRequest: Sendable {
    let tokens: VerifyToken
    let limiter: RateLimiter?
    let now: @Sendable () -> Date
    let uptime: Uptime

    /// By address, before all other checks: guesses of paths and tokens are limited too.
    /// - Returns: nil when limits are off.
    func limit(_ request: HTTPRequest) -> RateLimitStanding? {
        let kind = PublicPaths.kind(of: request.method, request.target.prefix { $0 != "?" })
        return limiter?.admit(IPAddress.network(of: request.remoteAddress), kind, at: uptime())
    }

    /// - Throws: 401 for an invalid token, 429 with `Retry-After`.
    func callAsFunction(_ request: HTTPRequest, path: Substring) async throws -> Caller {
        if PublicPaths.isIdentifiedByBody(request.method, path) { return .anonymous }
        return try await caller(of: request)
    }

    /// - Throws: 401 for an invalid access token, 429 with `Retry-After`.
    func caller(of request: HTTPRequest) async throws -> Caller {
        guard let bearer = try Self.bearerToken(request.fields) else { return .anonymous }
        let token = try await tokens(bearer, now: now())
        let standing = limiter?.admit(token.userID.rawValue, .person, at: uptime())
        if let standing, !standing.isAdmitted { throw GatewayError.tooManyRequests(standing) }
        return Caller(token: token, standing: standing)
    }

    private static func bearerToken(_ fields: HTTPFields) throws(GatewayError) -> String? {
        let values = fields.values(of: "authorization")
        guard let value = values.first else { return nil }
        let parts = value.split(separator: " ", omittingEmptySubsequences: false)
        guard values.count == 1, parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty else {
            throw .badToken
        }
        return String(parts[1])
    }
}
