internal import Secrets

/// Secrets shared by the payment service and the Stripe sandbox, derived from the secret of all services, so they need no
/// configuration.
public struct SandboxSecrets: Sendable {
    /// In the form of a Stripe test key.
    public let secretKey: String
    /// Signs webhooks.
    public let webhookSecret: String

    public init(_ seal: IdentitySeal) {
        let key = seal.key(for: "sandbox")
        secretKey = "sk_test_" + Base64URL.encode(key.code(for: "secret key"))
        webhookSecret = "whsec_" + Base64URL.encode(key.code(for: "webhook secret"))
    }
}
