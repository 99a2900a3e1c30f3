/// Where the cluster is, how to get in, and the limits of what talks to it.
public struct KafkaConfiguration: Sendable {
    /// `host:port` of some brokers, with commas between; the others are learned from them.
    public var bootstrapServers: String
    /// What the brokers' logs and quotas know this program by.
    public var clientID: String
    /// Further settings by librdkafka's names, security among them; they win over what this driver sets.
    public var settings: [Setting]
    /// How often topics and leaders are looked up when nothing calls for it: how soon a grown topic is noticed.
    public var metadataInterval: Duration
    /// How long a topic that the brokers do not know may still be on its way to them before it counts as unknown.
    public var unknownTopicWait: Duration
    public var producer: ProducerLimits
    public var consumer: ConsumerLimits

    public struct Setting: Sendable, Hashable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// - Parameter bootstrapServers: `host:port` of some brokers, with commas between.
    public init(
        bootstrapServers: String, clientID: String = "learning-hub", settings: [Setting] = [],
        metadataInterval: Duration = .seconds(30), unknownTopicWait: Duration = .seconds(5),
        producer: ProducerLimits = .init(), consumer: ConsumerLimits = .init()
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.settings = settings
        self.metadataInterval = metadataInterval
        self.unknownTopicWait = unknownTopicWait
        self.producer = producer
        self.consumer = consumer
    }

    /// The limits of one ``KafkaProducer``.
    public struct ProducerLimits: Sendable {
        /// `lz4`, `snappy`, `zstd`, `gzip` or `none`.
        public var compression = "lz4"
        /// How long a record waits for others to travel with.
        public var linger = Duration.milliseconds(5)
        /// Bytes and records of one partition that travel together.
        public var batchBytesMax = 1_000_000
        public var batchCountMax = 10_000
        /// Bytes of one record, its key, headers and framing among them; a larger one is refused without asking a broker.
        public var recordBytesMax = 1_000_000
        /// Bytes and records that wait for an acknowledgement; an append that comes upon this waits too.
        public var waitingBytesMax = 64 * 1_024 * 1_024
        public var waitingCountMax = 100_000
        /// How long to rest before a client is made anew that could not be made, or ended at once.
        public var restartPause = Duration.seconds(1)
        /// How long to wait for the last reports of a client that is given up.
        public var purgeLimit = Duration.seconds(1)

        public init() {}
    }

    /// The limits of one ``KafkaConsumer`` or ``KafkaReader``.
    public struct ConsumerLimits: Sendable {
        /// Bytes and records fetched ahead for each partition. The bytes are rounded up to KiB.
        public var aheadBytesMax = 4 * 1_024 * 1_024
        public var aheadCountMax = 10_000
        /// Bytes of one answer of a broker.
        public var fetchBytesMax = 16 * 1_024 * 1_024
        /// Bytes of one partition in an answer; one larger record comes all the same.
        public var partitionFetchBytesMax = 1_024 * 1_024
        /// How long a broker waits for records before it answers that there are none.
        public var fetchWait = Duration.milliseconds(500)
        /// How often the queues are looked at when nothing wakes the loop; keeps an idle member in its group.
        public var pollInterval = Duration.seconds(1)
        /// How often acknowledged offsets are committed to the broker.
        public var commitInterval = Duration.seconds(1)
        /// How long one commit may take.
        public var commitLimit = Duration.seconds(5)
        /// How long holders may take to give partitions back that the group wants; after that they are lost to them.
        public var handOverLimit = Duration.seconds(10)

        public init() {}
    }
}

extension KafkaConfiguration {
    func producerSettings() -> [Setting] {
        common + [
            Setting("enable.idempotence", "true"),
            Setting("acks", "all"),
            // A message that times out in an idempotent producer leaves a gap in its sequence: deadlines are the driver's own.
            Setting("message.timeout.ms", "0"),
            Setting("partitioner", "murmur2_random"),
            Setting("compression.type", producer.compression),
            Setting("linger.ms", producer.linger.milliseconds),
            Setting("batch.size", "\(producer.batchBytesMax)"),
            Setting("batch.num.messages", "\(producer.batchCountMax)"),
            Setting("message.max.bytes", "\(producer.recordBytesMax)"),
            Setting("queue.buffering.max.kbytes", "\(producer.waitingBytesMax / 1_024)"),
            Setting("queue.buffering.max.messages", "\(producer.waitingCountMax)"),
        ] + settings
    }

    func consumerSettings() -> [Setting] {
        common + [
            Setting("auto.offset.reset", "error"),
            Setting("enable.auto.commit", "false"),
            Setting("enable.auto.offset.store", "false"),
            Setting("queued.max.messages.kbytes", "\((consumer.aheadBytesMax + 1_023) / 1_024)"),
            Setting("queued.min.messages", "\(consumer.aheadCountMax)"),
            Setting("fetch.max.bytes", "\(consumer.fetchBytesMax)"),
            Setting("max.partition.fetch.bytes", "\(consumer.partitionFetchBytesMax)"),
            Setting("fetch.wait.max.ms", consumer.fetchWait.milliseconds),
        ] + settings
    }

    func adminSettings() -> [Setting] { common + settings }

    private var common: [Setting] {
        [
            Setting("bootstrap.servers", bootstrapServers),
            Setting("client.id", clientID),
            Setting("topic.metadata.refresh.interval.ms", metadataInterval.milliseconds),
            Setting("topic.metadata.propagation.max.ms", unknownTopicWait.milliseconds),
            Setting("allow.auto.create.topics", "false"),
            Setting("socket.keepalive.enable", "true"),
            Setting("socket.nagle.disable", "true"),
            Setting("reconnect.backoff.ms", "100"),
            Setting("reconnect.backoff.max.ms", "1000"),
        ]
    }
}

extension Duration {
    /// Whole milliseconds, as librdkafka's settings want them.
    var milliseconds: String { "\(millisecondsClamped)" }

    /// Whole milliseconds, at least 0 and at most what 32 bits hold.
    var millisecondsClamped: Int32 { Int32(clamping: max(0, Int64(self / .milliseconds(1)))) }
}
