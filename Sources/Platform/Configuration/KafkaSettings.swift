/// How the hub reaches an Apache Kafka cluster.
public enum KafkaSettings {
    public static let bootstrapServers = Setting<String>(
        "KAFKA_BOOTSTRAP_SERVERS",
        "Brokers of an Apache Kafka cluster, `host:port` with commas between; the others are learned from them. Unset, the event log is kept in the database."
    )
    public static let clientID = Setting<String>(
        "KAFKA_CLIENT_ID", default: "learning-hub", "What the brokers' logs and quotas call this process.")
    public static let compression = Setting<KafkaCompression>(
        "KAFKA_COMPRESSION", default: .lz4,
        "How batches are compressed: `lz4`, `snappy`, `zstd`, `gzip` or `none`. lz4 costs the least time for what it saves."
    )
    public static let linger = Setting<Duration>(
        "KAFKA_LINGER", default: .milliseconds(5),
        "How long an event waits for others to travel with: longer is fewer and larger requests, and later events.")
    public static let instanceID = Setting<String>(
        "KAFKA_INSTANCE_ID",
        "A name that stays when this process is started again, another for each process: its partitions then wait for it, for as long as its session lasts, in place of a rebalance."
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
