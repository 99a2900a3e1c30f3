#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts
public import Secrets

/// The claims of an access token, shared by auth, which signs them, and the gateway, which verifies them.
public struct AccessToken: Sendable, Hashable {
    public static let issuer = "learning-hub"
    public static let audience = "learning-hub"
    private static let roleClaim = "role"
    private static let sessionClaim = "sid"

    public let userID: UserID
    public let role: Role
    /// Its log-in session.
    public let session: String
    public let expiresAt: Date

    public init(userID: UserID, role: Role, session: String, expiresAt: Date) {
        self.userID = userID
        self.role = role
        self.session = session
        self.expiresAt = expiresAt
    }

    /// nil when the claims are not those of a hub access token.
    public init?(_ claims: TokenClaims) {
        guard let userID = try? UserID(validating: claims.subject),
            let role = claims.others[Self.roleClaim].flatMap(Role.init(rawValue:)),
            let session = claims.others[Self.sessionClaim]
        else { return nil }
        self.init(userID: userID, role: role, session: session, expiresAt: claims.expiresAt)
    }

    /// - Parameter id: the token's own id.
    public func claims(id: String, issuedAt: Date) -> TokenClaims {
        TokenClaims(
            issuer: Self.issuer, audience: Self.audience, subject: userID.rawValue, id: id, issuedAt: issuedAt,
            expiresAt: expiresAt, others: [Self.roleClaim: role.rawValue, Self.sessionClaim: session])
    }

    public var identity: Identity { .user(userID, role: role, session: session) }
}
