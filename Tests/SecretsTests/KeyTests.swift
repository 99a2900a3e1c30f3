import Foundation
import Secrets
import Testing

@Suite struct KeyTests {
    let key = SigningKey.generate()

    func object(_ json: String) throws -> [String: String] {
        try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
    }

    @Test func `an exported and imported key is the same key`() throws {
        let again = try #require(SigningKey(key.exported()))
        #expect(again.id == key.id)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let claims = TokenClaims(
            issuer: "i", audience: "a", subject: "s", id: "t", issuedAt: now, expiresAt: now.addingTimeInterval(60))
        let verifier = TokenVerifier(issuer: "i", audience: "a")
        #expect(try verifier.verify(again.sign(claims), keys: VerifyingKeys([key.verifyingKey]), now: now) == claims)
    }

    @Test func `generated keys differ`() {
        #expect(Set((0..<50).map { _ in SigningKey.generate().id }).count == 50)
    }

    @Test func `a key's id is its thumbprint of RFC 7638`() throws {
        let exported = try object(key.exported())
        let x = try #require(exported["x"]), y = try #require(exported["y"])
        let digest = SHA256.digest(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#)
        #expect(key.id == Base64URL.encode(digest))
    }

    @Test func `a published key set contains only public keys and verifies signatures`() throws {
        let other = SigningKey.generate()
        let json = VerifyingKeys([key.verifyingKey, other.verifyingKey]).json()
        let text = String(decoding: json, as: UTF8.self)
        let secret = try #require(try object(key.exported())["d"])
        #expect(!text.contains("\"d\"") && !text.contains(secret))
        let set = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: [[String: String]]])
        let published = try #require(set["keys"])
        #expect(published.count == 2)
        #expect(published.allSatisfy { $0["use"] == "sig" && $0["alg"] == "ES256" && $0["kty"] == "EC" })
        let back = try #require(VerifyingKeys(json: json))
        #expect(back.ids == [key.id, other.id].sorted())
        #expect(back.json() == json)
    }

    @Test func `unsupported kinds of keys in a set are ignored`() throws {
        let ours = String(
            decoding: VerifyingKeys([key.verifyingKey]).json().dropFirst(#"{"keys":["#.count), as: UTF8.self)
        let json = #"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r"},{"kty":"oct","k":"AAAA"},7,"# + ours
        #expect(try #require(VerifyingKeys(json: Array(json.utf8))).ids == [key.id])
    }

    @Test(arguments: ["", "{}", "[]", "null", "{\"keys\":{}}", "{\"keys\":", "\u{0}"])
    func `an invalid key set is refused`(json: String) {
        #expect(VerifyingKeys(json: Array(json.utf8)) == nil)
    }

    @Test func `a point that is not on the curve is refused`() throws {
        var parts = try object(key.exported())
        parts["y"] = Base64URL.encode([UInt8](repeating: 7, count: 32))
        let json = String(decoding: try JSONSerialization.data(withJSONObject: parts), as: UTF8.self)
        #expect(SigningKey(json) == nil)
        parts["d"] = nil
        let set = try JSONSerialization.data(withJSONObject: ["keys": [parts]])
        #expect(VerifyingKeys(json: Array(set))?.ids == [])
    }

    @Test func `a private key that does not match the public key is refused`() throws {
        var parts = try object(key.exported())
        parts["d"] = try object(SigningKey.generate().exported())["d"]
        let json = String(decoding: try JSONSerialization.data(withJSONObject: parts), as: UTF8.self)
        #expect(SigningKey(json) == nil)
    }

    @Test(arguments: [("kty", "RSA"), ("crv", "P-384"), ("x", ""), ("x", "AAAA"), ("d", "AAAA"), ("use", "enc")])
    func `a key of another kind cannot sign`(change: (name: String, value: String)) throws {
        var parts = try object(key.exported())
        parts[change.name] = change.value
        let json = String(decoding: try JSONSerialization.data(withJSONObject: parts), as: UTF8.self)
        #expect(SigningKey(json) == nil)
    }

    @Test func `a public key cannot sign`() throws {
        var parts = try object(key.exported())
        parts["d"] = nil
        let json = String(decoding: try JSONSerialization.data(withJSONObject: parts), as: UTF8.self)
        #expect(SigningKey(json) == nil)
    }

    @Test func `a key does not appear in any description`() throws {
        let secret = try #require(try object(key.exported())["d"])
        var dumped = ""
        dump(key, to: &dumped)
        for shown in ["\(key)", String(reflecting: key), dumped] { #expect(!shown.contains(secret)) }
    }
}
