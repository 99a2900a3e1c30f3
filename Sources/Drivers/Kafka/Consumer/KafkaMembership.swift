/// The settings of a group member.
public struct KafkaMembership: Sendable {
    public var group: String
    public var topics: [String]
    /// The static member id (`group.instance.id`), unique in the group. A member that rejoins under it within ``sessionTimeout`` gets its
    /// partitions back without a rebalance. nil for a dynamic member.
    public var instanceID: String?
    /// A member without heartbeats for this long loses its partitions.
    public var sessionTimeout: Duration
    public var heartbeatInterval: Duration

    public init(
        group: String, topics: [String], instanceID: String? = nil, sessionTimeout: Duration = .seconds(10),
        heartbeatInterval: Duration = .seconds(2)
    ) {
        self.group = group
        self.topics = topics
        self.instanceID = instanceID
        self.sessionTimeout = sessionTimeout
        self.heartbeatInterval = heartbeatInterval
    }

    var settings: [KafkaConfiguration.Setting] {
        [
            .init("group.id", group),
            .init("partition.assignment.strategy", "cooperative-sticky"),
            .init("session.timeout.ms", sessionTimeout.milliseconds),
            .init("heartbeat.interval.ms", heartbeatInterval.milliseconds),
        ] + (instanceID.map { [.init("group.instance.id", $0)] } ?? [])
    }
}

/// An event of a group member.
public enum KafkaGroupEvent: Sendable {
    /// The group assigned these partitions to this member.
    case assigned([KafkaLane])
    /// An error: a missing topic, a missing access right, unreachable brokers. The member continues, unless the kind is `fatal`, for
    /// example when another member uses its static id: then its lanes are lost and this is the last event.
    case failed(KafkaError)
}
