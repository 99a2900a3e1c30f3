/// The servers of a log and its health.
public struct LogCluster: Sendable, Hashable {
    /// Which cluster it is; nil when the servers did not say in time.
    public var id: String?
    /// Each responding server with its address: `1 at 127.0.0.1:9092`.
    public var servers: [String]
    /// Partitions of the given topics without an available leader.
    public var leaderless: [TopicPartition]
    /// Partitions of the given topics with too few in-sync replicas.
    public var underReplicated: [TopicPartition]

    public init(id: String?, servers: [String], leaderless: [TopicPartition], underReplicated: [TopicPartition]) {
        self.id = id
        self.servers = servers
        self.leaderless = leaderless
        self.underReplicated = underReplicated
    }
}
