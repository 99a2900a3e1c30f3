internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Signs the statement of a certificate (RFC 8037), with a key that all processes of this service share through the database.
struct StatementSigner: Sendable {
    private let key: Ed25519Key

    /// Creates the key when there is none.
    static func load(from database: Database) async throws -> StatementSigner {
        let store = Store()
        let stored = try await database.transaction { tx in
            store.insertKey(Ed25519Key.generate().secret, on: tx)
            return try await store.findKey(on: tx)
        }
        guard let stored, let key = Ed25519Key(secret: stored) else { throw UnreadableStatementKey() }
        return StatementSigner(key: key)
    }

    /// The key set (RFC 7517) that verifies statements.
    var keySet: KeySet { KeySet(keys: [.init(kid: key.id, x: Base64URL.encode(key.publicKey))]) }

    struct KeySet: Encodable {
        struct Key: Encodable {
            let kty = "OKP", crv = "Ed25519", use = "sig", alg = "EdDSA"
            let kid, x: String
        }
        let keys: [Key]
    }

    /// A compact JWS.
    func statement(of verification: Verification, at publicURL: String) throws -> String {
        let parts = [
            try HubJSON.encode(Header(kid: key.id)), try HubJSON.encode(Claims(verification, at: publicURL)),
        ].map(Base64URL.encode)
        let signed = parts.joined(separator: ".")
        return "\(signed).\(Base64URL.encode(key.sign(Array(signed.utf8))))"
    }

    private struct Header: Encodable {
        let alg = "EdDSA"
        let kid: String
    }

    private struct Claims: Encodable {
        let iss, code, learnerName, courseTitle: String
        let issuedAt: Date
        let finalScore: Double?

        init(_ verification: Verification, at publicURL: String) {
            iss = publicURL
            code = verification.code.text
            learnerName = verification.learnerName
            courseTitle = verification.courseTitle
            issuedAt = verification.issuedAt
            finalScore = verification.finalScore
        }
    }
}

/// The stored key is invalid.
struct UnreadableStatementKey: Error {}
