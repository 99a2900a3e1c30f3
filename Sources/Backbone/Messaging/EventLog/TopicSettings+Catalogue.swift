public import Contracts

extension TopicSettings {
    /// A topic of the catalogue.
    public init(_ topic: Topic) {
        self.init(
            name: topic.name, partitionCount: topic.partitions, retention: .seconds(86_400 * topic.retentionDays),
            replicationCount: TopicCatalogue.replication, inSyncReplicasMin: TopicCatalogue.inSyncReplicasMin)
    }

    /// Every required topic: those of the catalogue, and for each group its dead-letter and redrive topics.
    public static let catalogue: [TopicSettings] =
        TopicCatalogue.all.map { TopicSettings($0) }
        + TopicCatalogue.groups.flatMap { [TopicSettings(deadLettersOf: $0), TopicSettings(redriveFor: $0)] }

    /// The names of ``catalogue``: the topics of the hub, on a cluster that may hold others.
    public static let namesOfCatalogue = catalogue.map(\.name)

    /// A group's dead-letter topic. It must hold the largest record plus the headers of a dead letter.
    public init(deadLettersOf group: ConsumerGroup) {
        self.init(TopicCatalogue.deadLetter(for: group))
        recordBytesMax += Self.deadLetterExtraBytesMax
    }

    /// A group's redrive topic; no other group reads it.
    public init(redriveFor group: ConsumerGroup) {
        self.init(deadLettersOf: group)
        name = Self.redriveName(group)
    }

    /// The maximum bytes of the headers that a dead letter adds.
    static let deadLetterExtraBytesMax = 64 * 1024

    static func redriveName(_ group: ConsumerGroup) -> String { "\(group).redrive" }
}

extension ConsumerGroup {
    /// The group whose dead-letter topic this is.
    var deadLetterTopic: String { TopicCatalogue.deadLetter(for: self).name }
    var redriveTopic: String { TopicSettings.redriveName(self) }
}
