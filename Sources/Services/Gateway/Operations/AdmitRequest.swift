#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts
internal import HTTP
internal import Platform
internal import Secrets

/// Who is calling, and may they call so often.
struct AdmitRequest: Sendable {
    let tokens: VerifyToken
    let limiter: RateLimiter?
    let now: @Sendable () -> Date
    let uptime: Uptime

    /// By address, before anything else is looked at: guessing paths and tokens is limited too.
    /// - Throws: 429 with `Retry-After`.
    func limit(_ request: HTTPRequest) throws(GatewayError) {
        let kind = PublicPaths.kind(of: request.method, request.target.prefix { $0 != "?" })
        try limit(IPAddress.network(of: request.remoteAddress), kind)
    }

    /// - Throws: 401 for a token that is not good, 429 with `Retry-After`.
    func callAsFunction(_ request: HTTPRequest, path: Substring) async throws -> Identity {
        if PublicPaths.isIdentifiedByBody(request.method, path) { return .anonymous }
        return try await token(of: request)?.identity ?? .anonymous
    }

    /// What a request's access token says; nil without one.
    /// - Throws: 401 for one that is not good, 429 with `Retry-After`.
    func token(of request: HTTPRequest) async throws -> AccessToken? {
        guard let bearer = try Self.bearerToken(request.fields) else { return nil }
        let token = try await tokens(bearer, now: now())
        try limit(token.userID.rawValue, .person)
        return token
    }

    private func limit(_ caller: String, _ kind: RateLimiter.Kind) throws(GatewayError) {
        guard let seconds = limiter?.admit(caller, kind, at: uptime()) else { return }
        throw .tooManyRequests(retryAfterSeconds: seconds)
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
