public import HTTP

/// The slugs of what any service may answer. Those of one service alone are in the switch at the end of its `Routes.swift`; those of
/// requests that are no proper HTTP are the server's.
extension Problem {
    public static let internalError = Problem(
        .internalServerError, "internal-error",
        detail: "Something went wrong on our side. Name the correlation id when you report it.")
    public static let unavailable = Problem(
        .serviceUnavailable, "unavailable", detail: "A part of the hub is busy or restarting. Try again shortly.",
        fields: ["retry-after": "1"])

    /// More of one kind of work is under way than is done in time; everything else goes on.
    public static func tooBusy(retryAfterSeconds seconds: Int) -> Problem {
        Problem(
            .serviceUnavailable, "too-busy", detail: "Too many such requests are under way. Try again in \(seconds) s.",
            fields: ["retry-after": String(seconds)])
    }

    /// Nobody reads this answer: its client left before it was there. The status is the one proxies log for that.
    public static let clientGone = Problem(499, "client-gone", title: "Client Closed Request")

    // MARK: Who is asking

    public static let notLoggedIn = Problem(
        .unauthorized, "not-logged-in", detail: "Log in and send the access token: Authorization: Bearer TOKEN.",
        fields: ["www-authenticate": "Bearer"])
    public static let notAllowed = Problem(.forbidden, "not-allowed", detail: "Your role does not allow this.")
    static let notFromTheGateway = Problem(
        .unauthorized, "no-identity", detail: "This service answers only what came through the gateway.")

    // MARK: What is asked

    public static let notFound = Problem(.notFound, "not-found")

    /// Not the version of `If-Match`; see ``Request/isExpectedVersion``.
    public static let changedMeanwhile = Problem(
        .preconditionFailed, "changed-meanwhile", detail: "It was changed since you read it. Read it again.")

    public static func invalidQuery(_ name: String, _ message: String) -> Problem {
        invalidQuery([FieldError(field: name, message: message)])
    }

    static func invalidQuery(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, "invalid-query", detail: "A query parameter cannot be accepted; see errors.",
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
        411, "length-required", title: "Length Required", detail: "Say with Content-Length how long the body is.")

    /// 416: the object has no such bytes.
    static func rangeNotSatisfiable(sizeBytes: Int) -> Problem {
        Problem(
            416, "range-not-satisfiable", title: "Range Not Satisfiable",
            detail: "It has \(sizeBytes) bytes, and none where the range begins.",
            fields: ["content-range": "bytes */\(sizeBytes)"])
    }

    /// 422 with the complaints about each field.
    public static func invalidBody(_ errors: [FieldError]) -> Problem {
        Problem(
            .unprocessableContent, "invalid-body", detail: "Some fields cannot be accepted; see errors.", errors: errors
        )
    }

    // MARK: Idempotency-Key

    static let badIdempotencyKey = Problem(
        .badRequest, "bad-idempotency-key",
        detail:
            "Idempotency-Key must be sent once and have 1 to \(IdempotencyKeys.keyBytesMax) visible ASCII characters, no blanks."
    )
    static let idempotencyKeyReused = Problem(
        .unprocessableContent, "idempotency-key-reused",
        detail: "This Idempotency-Key came before with another request. Use a new key for a new request.")
}
