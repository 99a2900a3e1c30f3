/// How a member takes part in its group.
public struct KafkaMembership: Sendable {
    public var group: String
    public var topics: [String]
    /// A name that survives a restart, unique in the group: the member gets its partitions back without a rebalance when it returns
    /// within ``sessionTimeout``. nil for a member of no fixed name.
    public var instanceID: String?
    /// A member that is not heard of for so long has lost its partitions.
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

/// What happens to a member of a group.
public enum KafkaGroupEvent: Sendable {
    /// The group has given these partitions to this member.
    case assigned([KafkaLane])
    /// Something is wrong: a topic that is not there, a right that is missing, brokers that are away. The member goes on, unless the kind
    /// is `fatal`, as when another member has taken its name: then its lanes are lost and this is the last event.
    case failed(KafkaError)
}
