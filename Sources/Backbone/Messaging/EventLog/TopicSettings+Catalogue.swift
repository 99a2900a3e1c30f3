public import Contracts

extension TopicSettings {
    /// A topic of the catalogue.
    public init(_ topic: Topic) {
        self.init(
            name: topic.name, partitionCount: topic.partitions, retention: .seconds(86_400 * topic.retentionDays),
            replicationCount: TopicCatalogue.replication)
    }

    /// Where dead letters go on their way back to the one group that failed; no other group reads it.
    public init(redriveFor group: ConsumerGroup) {
        self.init(TopicCatalogue.deadLetter(for: group))
        name = Self.redriveName(group)
    }

    static func redriveName(_ group: ConsumerGroup) -> String { "\(group).redrive" }
}

extension ConsumerGroup {
    /// The topic that holds what this group could not handle.
    var deadLetterTopic: String { TopicCatalogue.deadLetter(for: self).name }
    var redriveTopic: String { TopicSettings.redriveName(self) }
}
