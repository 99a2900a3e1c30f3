#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import HTTP
internal import Platform
internal import Secrets

/// Checks an access token against auth's public keys, once for each token.
struct VerifyToken: Sendable {
    let cache = TokenCache()
    let keys: KeySource
    private let verifier = TokenVerifier(issuer: AccessToken.issuer, audience: AccessToken.audience)

    init(keys: KeySource) { self.keys = keys }

    /// - Throws: 401 `bad-token`; 503 while the keys are missing.
    func callAsFunction(_ token: String, now: Date) async throws -> AccessToken {
        guard token.utf8.count <= TokenVerifier.tokenBytesMax else { throw GatewayError.badToken }
        let digest = SHA256.digest(token)
        if let known = cache.find(digest, now: now) { return known }
        let claims: TokenClaims
        do {
            claims = try verifier.verify(token, keys: try await keys.current(), now: now)
        } catch TokenError.unknownKey {
            // Auth may have begun to sign with a new key.
            do {
                claims = try verifier.verify(token, keys: try await keys.renewed(), now: now)
            } catch is TokenError {
                throw GatewayError.badToken
            }
        } catch is TokenError {
            throw GatewayError.badToken
        }
        guard let verified = AccessToken(claims) else { throw GatewayError.badToken }
        cache.insert(verified, for: digest)
        return verified
    }
}
