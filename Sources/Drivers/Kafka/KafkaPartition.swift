/// One partition of a topic.
public struct KafkaPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var topic: String
    /// Counted from 0.
    public var number: Int

    public init(_ topic: String, _ number: Int) {
        self.topic = topic
        self.number = number
    }

    public static func < (left: KafkaPartition, right: KafkaPartition) -> Bool {
        (left.topic, left.number) < (right.topic, right.number)
    }

    public var description: String { "\(topic)/\(number)" }
}
