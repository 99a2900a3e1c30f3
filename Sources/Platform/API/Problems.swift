public import HTTP

/// Problem codes that any service may return. Those of one service are at the end of its `Routes.swift`; those of malformed HTTP
/// are in the server.
extension Problem {
    public static let internalError = Problem(
        .internalServerError, "internal-error",
        detail: "The hub failed to handle this request. Report the failure with its correlation id.")
    public static let unavailable = Problem(
        .serviceUnavailable, "unavailable", detail: "A part of the hub is busy or restarting. Try again shortly.",
        fields: ["retry-after": "1"])

    /// Too much work of one kind is in progress; other requests are not affected.
    public static func tooBusy(retryAfterSeconds seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "too-busy",
            detail: "Too many requests of this kind are in progress. Try again in \(seconds) s.",
            fields: ["retry-after": String(seconds)])
    }

    /// The client disconnected before the response. Proxies log this status for it; nobody receives it.
    public static let clientGone = Problem(499, "client-gone", title: "Client Closed Request")

    // MARK: Identity

    public static let notLoggedIn = Problem(
        .unauthorized, "not-logged-in", detail: "Log in and send the access token: Authorization: Bearer TOKEN.",
        fields: ["www-authenticate": "Bearer"])
    public static let notAllowed = Problem(.forbidden, "not-allowed", detail: "Your role does not allow this request.")
    static let notFromTheGateway = Problem(
        .unauthorized, "no-identity",
        detail:
            "This service accepts only requests that the gateway has signed. Send the request to the gateway; if it was sent there, "
            + "an operator must give all processes the same HUB_IDENTITY_SECRET and the right time.")

    // MARK: Request

    public static let notFound = Problem(
        .notFound, "not-found", detail: "The resource does not exist, or you have no access to it.")

    /// `If-Match` did not match; see ``Request/isExpectedVersion``.
    public static let changedMeanwhile = Problem(
        .preconditionFailed, "changed-meanwhile", detail: "The resource has changed since you read it. Read it again.")

    public static func invalidQuery(_ name: String, _ message: String) -> Problem {
        invalidQuery([FieldError(field: name, message: message)])
    }

    static func invalidQuery(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, "invalid-query", detail: "A query parameter is not valid; see errors.",
            errors: errors)
    }

    static let jsonExpected = Problem(
        .unsupportedMediaType, "json-expected", detail: "Send the body as JSON with Content-Type: application/json.")

    static func malformedJSON(_ reason: String) -> Problem {
        Problem(.badRequest, "malformed-json", detail: "The body is not a JSON object: \(reason).")
    }

    static func bodyTooLarge(bytesMax: Int) -> Problem {
        Problem(.contentTooLarge, "body-too-large", detail: "The body may have at most \(bytesMax) bytes.")
    }

    public static let lengthRequired = Problem(
        411, "length-required", title: "Length Required", detail: "Send the length of the body in Content-Length.")

    /// 416: the object has no such bytes.
    static func rangeNotSatisfiable(sizeBytes: Int) -> Problem {
        Problem(
            416, "range-not-satisfiable", title: "Range Not Satisfiable",
            detail: "The file has \(sizeBytes) bytes; the range begins after its end.",
            fields: ["content-range": "bytes */\(sizeBytes)"])
    }

    /// 422 with the errors of each field.
    public static func invalidBody(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, "invalid-body", detail: "Some fields are not valid; see errors.", errors: errors
        )
    }

    // MARK: Idempotency-Key

    static let badIdempotencyKey = Problem(
        .badRequest, "bad-idempotency-key",
        detail:
            "Send Idempotency-Key once, with 1 to \(IdempotencyKeys.keyBytesMax) visible ASCII characters and no spaces."
    )
    static let idempotencyKeyReused = Problem(
        .unprocessableContent, "idempotency-key-reused",
        detail: "This Idempotency-Key was already used for a different request. Use a new key for a new request.")
}
