/// Simulated faults of the sandbox for client tests, set by `POST /sandbox/behaviour`. Off by default.
struct Behaviour: Codable, Sendable {
    /// For this many requests the connection closes without a response, after they were executed.
    var lostAnswers = 0
    /// This many requests are answered with ``failureStatus`` and not executed.
    var failures = 0
    var failureStatus = 500
    /// Every response is delayed by this time.
    var answerDelayMs = 0
    /// How often each event is sent.
    var webhookCopies = 1
    /// Events are sent before the response to the request that caused them.
    var webhooksFirst = false
    /// Events are held until `POST /sandbox/release`, which sends them in reverse order.
    var holdsWebhooks = false

    static let answerDelayMsMax = 120_000
    static let webhookCopiesMax = 100
}
