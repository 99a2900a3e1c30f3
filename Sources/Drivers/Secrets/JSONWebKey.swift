#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The JSON form of a P-256 key (RFC 7517).
struct JSONWebKey: Codable {
    var kty: String
    var crv: String
    var x: String
    var y: String
    /// The private part.
    var d: String?
    var kid: String?
    var use: String?
    var alg: String?

    /// The key's RFC 7638 thumbprint: the same for the same key on every machine.
    var thumbprint: String {
        Base64URL.encode(SHA256.digest(#"{"crv":"\#(crv)","kty":"\#(kty)","x":"\#(x)","y":"\#(y)"}"#))
    }

    /// Whether the curve is P-256 and the coordinates have its length.
    var isP256: Bool {
        let numbers = [x, y] + (d.map { [$0] } ?? [])
        return kty == "EC" && crv == "P-256" && numbers.allSatisfy { Base64URL.decode($0)?.count == 32 }
            && (use ?? "sig") == "sig" && (alg ?? "ES256") == "ES256"
    }

    /// The form in a key set.
    func published(as kid: String) -> JSONWebKey {
        JSONWebKey(kty: kty, crv: crv, x: x, y: y, d: nil, kid: kid, use: "sig", alg: "ES256")
    }
}

/// The JSON form of a key set (RFC 7517, section 5).
struct JSONWebKeySet: Codable {
    var keys: [JSONWebKey]
}
