/// The servers that keep a log between them.
public struct LogCluster: Sendable, Hashable {
    /// Each server that answers, as people call it: `1 at 127.0.0.1:9092`.
    public var servers: [String]
    /// Partitions that nobody can write to or read from now.
    public var leaderless: [TopicPartition]
    /// Partitions of which fewer copies are up to date than there should be.
    public var underReplicated: [TopicPartition]

    public init(servers: [String], leaderless: [TopicPartition], underReplicated: [TopicPartition]) {
        self.servers = servers
        self.leaderless = leaderless
        self.underReplicated = underReplicated
    }
}
