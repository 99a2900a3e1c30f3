/// An error in Stripe's format.
struct SandboxError: Error, Sendable, Equatable {
    let status: Int
    let type: String
    let code: String
    let message: String
    var declineCode: String?
    /// The intent whose card was declined.
    var intent: String?
    /// The invalid field of the request.
    var param: String?

    static func missing(_ what: String) -> SandboxError {
        SandboxError(status: 404, type: "invalid_request_error", code: "resource_missing", message: "No such \(what)")
    }

    static func invalid(_ code: String, _ message: String) -> SandboxError {
        SandboxError(status: 400, type: "invalid_request_error", code: code, message: message)
    }

    static let keyReused = SandboxError(
        status: 400, type: "idempotency_error", code: "idempotency_key_in_use",
        message: "This key was already used with another request.")

    static let unauthorized = SandboxError(
        status: 401, type: "invalid_request_error", code: "api_key_invalid", message: "Invalid API Key provided.")
}
