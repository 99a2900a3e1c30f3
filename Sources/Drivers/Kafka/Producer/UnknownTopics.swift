/// Topics of which a broker has said that there are none of that name. One made a moment ago is not known to all brokers, and a broker
/// that has just started may know of none: only a topic that stays unknown for a while is missing.
///
/// Confined to the loop of its producer.
final class UnknownTopics {
    private let wait: Duration
    private var since: [String: ContinuousClock.Instant] = [:]

    init(wait: Duration) { self.wait = wait }

    /// Somebody has said that the topic is unknown.
    /// - Returns: whether that has been so for as long as a topic may be on its way.
    func isMissing(_ topic: String) -> Bool {
        let now = ContinuousClock.now
        let first = since[topic] ?? now
        since[topic] = first
        return now - first >= wait
    }

    var isEmpty: Bool { since.isEmpty }

    /// The topic is there.
    func found(_ topic: String) { since[topic] = nil }
}
