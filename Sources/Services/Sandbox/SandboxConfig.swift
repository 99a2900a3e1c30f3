internal import Contracts
internal import HTTP
internal import Platform
internal import Stripe

/// The secrets shared with the sandbox's client.
public struct SandboxConfig: Sendable {
    static let declarations: [SettingDeclaration] = []

    let secretKey: String
    let signature: StripeSignature
    /// The path that receives webhooks.
    let webhookPath = "/webhooks/stripe"

    init(_ context: ServiceContext) throws {
        let secrets = SandboxSecrets(context.seal)
        guard let signature = StripeSignature(secret: secrets.webhookSecret) else {
            throw SettingsError.missing(names: [PlatformSettings.identitySecret.name])
        }
        secretKey = secrets.secretKey
        self.signature = signature
    }
}
