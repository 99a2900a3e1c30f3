/// How the sandbox misbehaves, for tests of those who call it. Set by `POST /sandbox/behaviour`; at first it does not.
struct Behaviour: Codable, Sendable {
    /// Of so many requests the connection ends in place of an answer, after they were acted on.
    var lostAnswers = 0
    /// So many requests are answered with ``failureStatus`` and not acted on.
    var failures = 0
    var failureStatus = 500
    /// Every answer waits so long.
    var answerDelayMs = 0
    /// How often each event is told.
    var webhookCopies = 1
    /// Events are told before the request that caused them is answered.
    var webhooksFirst = false
    /// Events are kept until `POST /sandbox/release` asks for them, the last first.
    var holdsWebhooks = false

    static let answerDelayMsMax = 120_000
    static let webhookCopiesMax = 100
}
