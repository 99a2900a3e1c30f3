internal import Contracts
internal import EventLoop
internal import Observability
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, each in its own file.
struct Operations: Sendable {
    let database: Database
    let accounts: Accounts
    /// Limits concurrent log-ins. Excess log-ins are refused before anything is counted or a connection is used.
    let room: Bulkhead
    let keys: KeyRing
    /// Derives the next refresh token from the current one.
    let nextTokens: HMACKey
    let config: AuthConfig
    let logger: Logger
    let now: @Sendable () -> Date
    let store = Store()

    /// The tokens of an open session.
    func issue(_ session: Session, _ role: Role, at time: Date, _ key: SigningKey, refresh: String) throws -> Tokens {
        let token = AccessToken(
            userID: session.userID, role: role, session: session.id.rawValue,
            expiresAt: time + config.accessTokenLifetime)
        let claims = token.claims(id: SecureRandom.token(byteCount: 16), issuedAt: time)
        return Tokens(
            access: try key.sign(claims), refresh: refresh, expiresInSeconds: Int(config.accessTokenLifetime))
    }
}

/// The result of a log-in.
struct Tokens: Sendable {
    let access: String
    let refresh: String
    let expiresInSeconds: Int
}

extension TokenDigest {
    init(of token: String) { self.init(bytes: SHA256.digest(token)) }
}
