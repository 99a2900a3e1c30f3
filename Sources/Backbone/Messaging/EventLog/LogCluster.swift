/// The servers of a log and its health.
public struct LogCluster: Sendable, Hashable {
    /// Each responding server with its address: `1 at 127.0.0.1:9092`.
    public var servers: [String]
    /// Partitions of the given topics without an available leader.
    public var leaderless: [TopicPartition]
    /// Partitions of the given topics with too few in-sync replicas.
    public var underReplicated: [TopicPartition]

    public init(servers: [String], leaderless: [TopicPartition], underReplicated: [TopicPartition]) {
        self.servers = servers
        self.leaderless = leaderless
        self.underReplicated = underReplicated
    }
}
