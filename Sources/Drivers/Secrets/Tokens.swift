#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension SigningKey {
    /// A compact JWT signed with ES256.
    /// - Throws: ``TokenError/tooLarge`` when the token is longer than a verifier accepts.
    public func sign(_ claims: TokenClaims) throws(TokenError) -> String {
        guard let payload = try? JSONEncoder().encode(claims) else { throw .malformed }
        guard let token = key.signed(payload: Array(payload), id: id) else { throw .malformed }
        guard token.utf8.count <= TokenVerifier.tokenBytesMax else { throw .tooLarge }
        return token
    }
}

/// Verifies compact JWTs: ES256 only, from one issuer, for one audience.
public struct TokenVerifier: Sendable {
    /// Longer tokens are refused without parsing.
    public static let tokenBytesMax = 4_096

    public let issuer: String
    public let audience: String
    /// The tolerated clock difference between issuer and verifier, in seconds.
    public let leewaySeconds: Double

    public init(issuer: String, audience: String, leewaySeconds: Double = 5) {
        self.issuer = issuer
        self.audience = audience
        self.leewaySeconds = leewaySeconds
    }

    /// Returns the claims after checking format, algorithm, signature, times, issuer and audience.
    public func verify(_ token: String, keys: VerifyingKeys, now: Date) throws(TokenError) -> TokenClaims {
        guard token.utf8.count <= Self.tokenBytesMax else { throw .tooLarge }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]),
            let header = try? JSONDecoder().decode(Header.self, from: Data(head))
        else { throw .malformed }
        guard header.alg == "ES256" else { throw .wrongAlgorithm }
        // A token with an unknown critical extension is invalid (RFC 7515, section 4.1.11); we support no extensions.
        guard header.crit == nil, header.typ == nil || header.typ == "JWT", let kid = header.kid,
            signature.count == 64
        else { throw .malformed }
        guard let key = keys[kid] else { throw .unknownKey }
        guard key.key.isSigner(of: token) else { throw .badSignature }
        guard let claims = try? JSONDecoder().decode(TokenClaims.self, from: Data(payload)) else { throw .malformed }
        try check(claims, now: now)
        return claims
    }

    private func check(_ claims: TokenClaims, now: Date) throws(TokenError) {
        guard claims.issuer == issuer else { throw .wrongIssuer }
        guard claims.audience == audience else { throw .wrongAudience }
        guard now.timeIntervalSince(claims.expiresAt) < leewaySeconds else { throw .expired }
        let start = max(claims.notBefore ?? claims.issuedAt, claims.issuedAt)
        guard start.timeIntervalSince(now) <= leewaySeconds else { throw .notYetValid }
    }

    private struct Header: Decodable {
        var alg: String
        var kid: String?
        var typ: String?
        var crit: [String]?
    }
}

/// Why a token was refused.
public enum TokenError: Error, Sendable {
    case malformed
    case tooLarge
    /// The algorithm is not ES256, or the token is unsigned.
    case wrongAlgorithm
    /// `kid` matches none of the keys. It may be a new key: fetch the key set again, with a rate limit.
    case unknownKey
    case badSignature
    case expired
    case notYetValid
    case wrongIssuer
    case wrongAudience
}
