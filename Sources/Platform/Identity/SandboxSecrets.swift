internal import Secrets

/// What the payment service and the sandbox that stands in for Stripe know of each other: derived from the secret that all services share,
/// so nobody has to set it.
public struct SandboxSecrets: Sendable {
    /// As one of Stripe's for test mode.
    public let secretKey: String
    /// What webhooks are signed with.
    public let webhookSecret: String

    public init(_ seal: IdentitySeal) {
        let key = seal.key(for: "sandbox")
        secretKey = "sk_test_" + Base64URL.encode(key.code(for: "secret key"))
        webhookSecret = "whsec_" + Base64URL.encode(key.code(for: "webhook secret"))
    }
}
