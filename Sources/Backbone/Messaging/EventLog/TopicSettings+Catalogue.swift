public import Contracts

extension TopicSettings {
    /// A topic of the catalogue.
    public init(_ topic: Topic) {
        self.init(
            name: topic.name, partitionCount: topic.partitions, retention: .seconds(86_400 * topic.retentionDays),
            replicationCount: TopicCatalogue.replication, inSyncReplicasMin: TopicCatalogue.inSyncReplicasMin)
    }

    /// Every topic there is to be: those of the catalogue, and for each group its dead letters and their way back.
    public static let catalogue: [TopicSettings] =
        TopicCatalogue.all.map { TopicSettings($0) }
        + TopicCatalogue.groups.flatMap { [TopicSettings(deadLettersOf: $0), TopicSettings(redriveFor: $0)] }

    /// Where a group puts what it cannot handle. The largest record there is must find room with the headers that tell its story.
    public init(deadLettersOf group: ConsumerGroup) {
        self.init(TopicCatalogue.deadLetter(for: group))
        recordBytesMax += Self.deadLetterExtraBytesMax
    }

    /// Where dead letters go on their way back to the one group that failed; no other group reads it.
    public init(redriveFor group: ConsumerGroup) {
        self.init(deadLettersOf: group)
        name = Self.redriveName(group)
    }

    /// Bytes of headers that a dead letter has beyond those of its record.
    static let deadLetterExtraBytesMax = 64 * 1024

    static func redriveName(_ group: ConsumerGroup) -> String { "\(group).redrive" }
}

extension ConsumerGroup {
    /// The topic that holds what this group could not handle.
    var deadLetterTopic: String { TopicCatalogue.deadLetter(for: self).name }
    var redriveTopic: String { TopicSettings.redriveName(self) }
}
