/// Topics that a broker reported as unknown. A new topic is not known to all brokers at once, and a broker that has just started may know
/// no topics: only a topic that stays unknown for a while counts as missing.
///
/// Confined to the loop of its producer.
final class UnknownTopics {
    private let wait: Duration
    private var since: [String: ContinuousClock.Instant] = [:]

    init(wait: Duration) { self.wait = wait }

    /// A broker reported the topic as unknown.
    /// - Returns: whether it has been unknown for longer than metadata may take to spread.
    func isMissing(_ topic: String) -> Bool {
        let now = ContinuousClock.now
        let first = since[topic] ?? now
        since[topic] = first
        return now - first >= wait
    }

    var isEmpty: Bool { since.isEmpty }

    /// The topic exists.
    func found(_ topic: String) { since[topic] = nil }
}
