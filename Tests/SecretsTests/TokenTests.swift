import Foundation
import Testing

@testable import Secrets

@Suite struct TokenTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    let key = SigningKey.generate()
    let verifier = TokenVerifier(issuer: "hub-auth", audience: "hub", leewaySeconds: 5)

    func claims(_ change: (inout TokenClaims) -> Void = { _ in }) -> TokenClaims {
        var claims = TokenClaims(
            issuer: "hub-auth", audience: "hub", subject: "usr_1", id: "tok_1", issuedAt: Self.now,
            expiresAt: Self.now.addingTimeInterval(900), others: ["role": "STUDENT", "name": "Ana Sofía \"学习\""])
        change(&claims)
        return claims
    }

    func verify(_ token: String, at seconds: TimeInterval = 0) throws(TokenError) -> TokenClaims {
        try verifier.verify(
            token, keys: VerifyingKeys([key.verifyingKey]), now: Self.now.addingTimeInterval(seconds))
    }

    /// The token with its header or payload exchanged, and no other change.
    func forged(_ token: String, header: String? = nil, payload: String? = nil) -> String {
        var parts = token.split(separator: ".").map(String.init)
        if let header { parts[0] = Base64URL.encode(Array(header.utf8)) }
        if let payload { parts[1] = Base64URL.encode(Array(payload.utf8)) }
        return parts.joined(separator: ".")
    }

    @Test func `a signed token is verified with all its claims`() throws {
        let signed = claims { $0.notBefore = Self.now }
        #expect(try verify(key.sign(signed)) == signed)
    }

    @Test func `a token names its key and algorithm and nothing else`() throws {
        let token = try key.sign(claims())
        let header = try #require(Base64URL.decode(token.split(separator: ".")[0]))
        let object = try JSONSerialization.jsonObject(with: Data(header)) as? [String: String]
        #expect(object == ["alg": "ES256", "typ": "JWT", "kid": key.id])
    }

    @Test func `a signature of RFC 7515 is verified`() throws {
        let key = try #require(
            VerifyingKeys(
                json: Array(
                    """
                    {"keys":[{"kty":"EC","crv":"P-256","kid":"a3",
                    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}
                    """.utf8))?["a3"])
        let token =
            "eyJhbGciOiJFUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        #expect(key.key.isSigner(of: token))
        #expect(!key.key.isSigner(of: token.replacingOccurrences(of: ".Dt", with: ".Eu")))
    }

    @Test func `a token of another key is refused, known or not`() throws {
        let stranger = SigningKey.generate()
        #expect(throws: TokenError.unknownKey) { try verify(stranger.sign(claims())) }
        let token = forged(
            try stranger.sign(claims()), header: #"{"alg":"ES256","typ":"JWT","kid":"\#(key.id)"}"#)
        #expect(throws: TokenError.badSignature) { try verify(token) }
    }

    @Test func `a changed payload or signature is refused`() throws {
        let token = try key.sign(claims())
        let raised = forged(
            token,
            payload: #"{"iss":"hub-auth","aud":"hub","sub":"usr_1","jti":"t","iat":1800000000,"exp":1900000000}"#)
        #expect(throws: TokenError.badSignature) { try verify(raised) }
        var parts = token.split(separator: ".").map(String.init)
        var signature = try #require(Base64URL.decode(parts[2]))
        for index in [0, 31, 32, 63] {
            signature[index] ^= 1
            parts[2] = Base64URL.encode(signature)
            #expect(throws: TokenError.badSignature) { try verify(parts.joined(separator: ".")) }
            signature[index] ^= 1
        }
        parts[2] = Base64URL.encode([UInt8](repeating: 0, count: 64))
        #expect(throws: TokenError.badSignature) { try verify(parts.joined(separator: ".")) }
    }

    @Test(arguments: ["none", "None", "HS256", "ES384", "RS256", "es256", ""])
    func `no other algorithm is accepted, whatever signs it`(algorithm: String) throws {
        let token = try key.sign(claims())
        let header = #"{"alg":"\#(algorithm)","typ":"JWT","kid":"\#(key.id)"}"#
        #expect(throws: TokenError.wrongAlgorithm) { try verify(forged(token, header: header)) }
        // Signed with our public key as if it were a shared secret.
        var parts = forged(token, header: header).split(separator: ".").map(String.init)
        let publicKey = try #require(HMACKey(VerifyingKeys([key.verifyingKey]).json()))
        parts[2] = Base64URL.encode(publicKey.code(for: parts[0] + "." + parts[1]))
        #expect(throws: TokenError.wrongAlgorithm) { try verify(parts.joined(separator: ".")) }
        parts[2] = ""
        #expect(throws: TokenError.wrongAlgorithm) { try verify(parts.joined(separator: ".")) }
    }

    @Test(arguments: [
        #"{"alg":"ES256","kid":"KID","crit":["b64"],"b64":false}"#, #"{"alg":"ES256","kid":"KID","crit":[]}"#,
        #"{"alg":"ES256"}"#, #"{"alg":"ES256","kid":"KID","typ":"at+jwt"}"#, #"{"alg":["ES256"],"kid":"KID"}"#,
        #"["ES256"]"#, "{", "",
    ])
    func `a header with additional or missing members is refused`(header: String) throws {
        let token = try key.sign(claims())
        let own = header.replacingOccurrences(of: "KID", with: key.id)
        #expect(throws: TokenError.malformed) { try verify(forged(token, header: own)) }
    }

    @Test(arguments: ["", ".", "..", "...", "a.b.c", "a.b", "héllo.wörld.x"])
    func `text that is not a token is refused`(text: String) {
        #expect(throws: TokenError.malformed) { try verify(text) }
    }

    @Test func `another encoding of a valid token is refused`() throws {
        let token = try key.sign(claims())
        for other in [token + "=", token + "\n", " " + token, token + ".", token + ".e30", "." + token] {
            #expect(throws: TokenError.malformed) { try verify(other) }
        }
    }

    @Test func `a token is valid until it expires, with a tolerance for clock differences`() throws {
        let token = try key.sign(claims { $0.notBefore = Self.now })
        _ = try verify(token, at: 899)
        _ = try verify(token, at: 904.9)
        #expect(throws: TokenError.expired) { try verify(token, at: 905) }
        #expect(throws: TokenError.expired) { try verify(token, at: 10_000_000) }
        _ = try verify(token, at: -5)
        #expect(throws: TokenError.notYetValid) { try verify(token, at: -5.1) }
        let later = try key.sign(claims { $0.notBefore = Self.now.addingTimeInterval(60) })
        #expect(throws: TokenError.notYetValid) { try verify(later, at: 30) }
        _ = try verify(later, at: 60)
    }

    @Test func `a token with another audience or issuer is refused`() throws {
        #expect(throws: TokenError.wrongIssuer) { try verify(key.sign(claims { $0.issuer = "hub" })) }
        #expect(throws: TokenError.wrongAudience) { try verify(key.sign(claims { $0.audience = "hub-internal" })) }
    }

    @Test(arguments: [
        #"{"aud":"hub","sub":"u","jti":"t","iat":1800000000,"exp":1900000000}"#,
        #"{"iss":"hub-auth","sub":"u","jti":"t","iat":1800000000,"exp":1900000000}"#,
        #"{"iss":"hub-auth","aud":"hub","jti":"t","iat":1800000000,"exp":1900000000}"#,
        #"{"iss":"hub-auth","aud":"hub","sub":"u","jti":"t","iat":1800000000}"#,
        #"{"iss":"hub-auth","aud":"hub","sub":"u","jti":"t","iat":1800000000,"exp":"1900000000"}"#,
        #"{"iss":"hub-auth","aud":"hub","sub":"u","jti":"t","iat":1800000000,"exp":1e300}"#,
        #"{"iss":"hub-auth","aud":"hub","sub":"u","jti":"t","iat":-1,"exp":1900000000}"#, "[]", "null", "{",
    ])
    func `a token lacking a claim is refused though its signature is good`(payload: String) throws {
        let token = try #require(key.key.signed(payload: Array(payload.utf8), id: key.id))
        #expect(key.key.isSigner(of: token))
        #expect(throws: TokenError.malformed) { try verify(token) }
    }

    @Test func `another claim cannot replace a registered one`() throws {
        let signed = try verify(key.sign(claims { $0.others = ["sub": "usr_2", "exp": "x", "role": "ADMIN"] }))
        #expect(signed.subject == "usr_1")
        #expect(signed.others == ["role": "ADMIN"])
    }

    @Test func `a token that is too long is refused before parsing, and never issued`() throws {
        let long = String(repeating: "a", count: TokenVerifier.tokenBytesMax)
        #expect(throws: TokenError.tooLarge) { try key.sign(claims { $0.others["x"] = long }) }
        #expect(throws: TokenError.tooLarge) { try verify(key.sign(claims()) + long) }
    }

    @Test func `threads share keys`() async throws {
        let token = try key.sign(claims())
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<20).allSatisfy { _ in
                        (try? verify(token)) != nil && (try? verify(key.sign(claims()))) != nil
                    }
                }
            }
            for await isGood in group { #expect(isGood) }
        }
    }
}
