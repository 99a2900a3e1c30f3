#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The claims of a token (RFC 7519): registered claims, and text claims of our own.
public struct TokenClaims: Sendable, Equatable {
    public var issuer: String
    public var audience: String
    public var subject: String
    /// The token's id.
    public var id: String
    /// Times are in whole seconds.
    public var issuedAt: Date
    public var notBefore: Date?
    public var expiresAt: Date
    /// Further text claims, e.g. `role`. Claims of other types are ignored.
    public var others: [String: String]

    public init(
        issuer: String, audience: String, subject: String, id: String, issuedAt: Date, notBefore: Date? = nil,
        expiresAt: Date, others: [String: String] = [:]
    ) {
        self.issuer = issuer
        self.audience = audience
        self.subject = subject
        self.id = id
        self.issuedAt = issuedAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.others = others
    }
}

extension TokenClaims: Codable {
    private struct Name: CodingKey, Hashable {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        static let issuer = Name(stringValue: "iss")
        static let audience = Name(stringValue: "aud")
        static let subject = Name(stringValue: "sub")
        static let id = Name(stringValue: "jti")
        static let issuedAt = Name(stringValue: "iat")
        static let notBefore = Name(stringValue: "nbf")
        static let expiresAt = Name(stringValue: "exp")
        static let registered: Set<Name> = [issuer, audience, subject, id, issuedAt, notBefore, expiresAt]
    }

    public init(from decoder: any Decoder) throws {
        let claims = try decoder.container(keyedBy: Name.self)
        issuer = try claims.decode(String.self, forKey: .issuer)
        audience = try claims.decode(String.self, forKey: .audience)
        subject = try claims.decode(String.self, forKey: .subject)
        id = try claims.decode(String.self, forKey: .id)
        issuedAt = try Self.time(claims.decode(Double.self, forKey: .issuedAt))
        notBefore = try claims.decodeIfPresent(Double.self, forKey: .notBefore).map(Self.time)
        expiresAt = try Self.time(claims.decode(Double.self, forKey: .expiresAt))
        others = [:]
        for name in claims.allKeys where !Name.registered.contains(name) {
            others[name.stringValue] = try? claims.decode(String.self, forKey: name)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var claims = encoder.container(keyedBy: Name.self)
        // Written first, so that no further claim can replace a registered one.
        for (name, value) in others { try claims.encode(value, forKey: Name(stringValue: name)) }
        try claims.encode(issuer, forKey: .issuer)
        try claims.encode(audience, forKey: .audience)
        try claims.encode(subject, forKey: .subject)
        try claims.encode(id, forKey: .id)
        try claims.encode(Self.seconds(issuedAt), forKey: .issuedAt)
        if let notBefore { try claims.encode(Self.seconds(notBefore), forKey: .notBefore) }
        try claims.encode(Self.seconds(expiresAt), forKey: .expiresAt)
    }

    /// A time between 1970 and the year 9999; other values are invalid.
    private static func time(_ seconds: Double) throws -> Date {
        guard (0...253_402_300_799).contains(seconds) else { throw TokenError.malformed }
        return Date(timeIntervalSince1970: seconds)
    }

    private static func seconds(_ date: Date) -> Int64 {
        Int64(exactly: date.timeIntervalSince1970.rounded(.down)) ?? 0
    }
}
