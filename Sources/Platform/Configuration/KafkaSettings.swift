/// How the hub reaches an Apache Kafka cluster.
public enum KafkaSettings {
    public static let bootstrapServers = Setting<String>(
        "KAFKA_BOOTSTRAP_SERVERS",
        "Addresses of some brokers of an Apache Kafka cluster, comma-separated `host:port`; the client learns the other brokers from them. Unset: the event log is in PostgreSQL."
    )
    public static let clientID = Setting<String>(
        "KAFKA_CLIENT_ID", default: "learning-hub", "The client id of this process in the brokers' logs and quotas.")
    public static let compression = Setting<KafkaCompression>(
        "KAFKA_COMPRESSION", default: .lz4,
        "Compression of batches: `lz4`, `snappy`, `zstd`, `gzip` or `none`. lz4 has the best ratio of saved bytes to CPU time."
    )
    public static let linger = Setting<Duration>(
        "KAFKA_LINGER", default: .milliseconds(5),
        "How long the producer waits to fill a batch. A longer time means fewer and larger requests, and a higher latency."
    )
    public static let instanceID = Setting<String>(
        "KAFKA_INSTANCE_ID",
        "The static group instance id (`group.instance.id`): unique for each process and the same after a restart. A restart within the session timeout then causes no rebalance."
    )

    public static let declarations: [SettingDeclaration] = [
        bootstrapServers.declaration, clientID.declaration, compression.declaration, linger.declaration,
        instanceID.declaration,
    ]
}

/// Compression of event batches, in transit and on the brokers' disks.
public enum KafkaCompression: String, SettingValue {
    case lz4, snappy, zstd, gzip, none

    public static let settingType = "lz4, snappy, zstd, gzip or none"
    public init?(settingText: String) { self.init(rawValue: settingText.lowercased()) }
    public var settingText: String { rawValue }
}
