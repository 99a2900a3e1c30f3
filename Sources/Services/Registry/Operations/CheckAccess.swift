internal import HTTP
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension WriteAccess {
    /// - Throws: 401, 403.
    func check(_ fields: HTTPFields) throws(RegistryError) {
        switch self {
        case .closed:
            throw RegistryError(
                403, "This registry is read-only: it listens for others and HUB_REGISTRY_TOKEN is not set")
        case .open:
            if fields.contains("origin") { throw RegistryError(403, "Pages in browsers may not write without a token") }
        case .withToken(let token):
            guard let given = Self.secret(in: fields["authorization"] ?? "") else {
                throw RegistryError(401, "Unauthorized: send HUB_REGISTRY_TOKEN as bearer token or as password")
            }
            if !constantTimeEqual(SHA256.digest(given), SHA256.digest(Array(token.utf8))) {
                throw RegistryError(401, "Unauthorized: the token does not match HUB_REGISTRY_TOKEN")
            }
        }
    }

    /// The bearer token, or the password of basic authentication with any user name.
    private static func secret(in authorization: String) -> [UInt8]? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        switch parts.first?.lowercased() {
        case "bearer": return parts.last.map { Array($0.utf8) }
        case "basic":
            guard let decoded = parts.last.flatMap({ Data(base64Encoded: String($0)) }),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return Array(decoded[colon...].dropFirst())
        default: return nil
        }
    }
}
