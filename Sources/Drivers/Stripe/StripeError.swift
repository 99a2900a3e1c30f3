/// Why a Stripe request failed.
public enum StripeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The card was declined. A retry with the same key returns the same error.
    case declined(code: String, message: String, intent: String?)
    /// The request is invalid; a retry fails again. `parameter` is the name of the invalid field, if Stripe names one.
    case refused(code: String, message: String, parameter: String?)
    /// The secret key is invalid or lacks the permission.
    case unauthorized
    /// The outcome is unknown: no response, or one without an error of Stripe. Retry with the same key.
    case unavailable(String)
    /// The outcome is unknown: Stripe failed to handle this request, and repeats that for its key. Other requests may succeed.
    case failed(code: String)
    /// A request with this key is still in progress.
    case keyInUse
    /// The rate limit was exceeded.
    case busy(retryAfterSeconds: Int)

    public var description: String {
        switch self {
        case .declined(let code, _, _): "the card was declined: \(code)"
        case .refused(let code, let message, _): "Stripe refused the request: \(code) \(message)"
        case .unauthorized: "Stripe does not accept the secret key"
        case .unavailable(let reason): "Stripe's response is missing or unusable: \(reason)"
        case .failed(let code): "Stripe failed to handle the request: \(code)"
        case .keyInUse: "Stripe still handles a request with the same key"
        case .busy(let seconds): "Stripe accepts no requests for \(seconds) s"
        }
    }
}
