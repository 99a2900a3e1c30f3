/// Why Stripe did not do what it was asked for.
public enum StripeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The card was refused. Another attempt with the same key has the same answer.
    case declined(code: String, message: String, intent: String?)
    /// The request is wrong, and will be again.
    case refused(code: String, message: String)
    /// The secret key is wrong or may not do this.
    case unauthorized
    /// Nobody knows whether it was done: no answer, or a failure of Stripe's. To be asked again, with the same key.
    case unavailable(String)
    /// Stripe takes no more requests for a moment, or works on one with this key already.
    case busy(retryAfterSeconds: Int)

    public var description: String {
        switch self {
        case .declined(let code, _, _): "the card was refused: \(code)"
        case .refused(let code, let message): "Stripe refuses the request: \(code) \(message)"
        case .unauthorized: "Stripe does not accept the secret key"
        case .unavailable(let reason): "Stripe gave no answer to rely on: \(reason)"
        case .busy(let seconds): "Stripe takes no more requests for \(seconds) s"
        }
    }
}
