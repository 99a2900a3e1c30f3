/// The cluster's address, the credentials, and the limits of its clients.
public struct KafkaConfiguration: Sendable {
    /// `host:port` of some brokers, separated by commas; clients discover the others.
    public var bootstrapServers: String
    /// The client id in brokers' logs and quotas.
    public var clientID: String
    /// More librdkafka settings, such as security; they override the driver's own.
    public var settings: [Setting]
    /// The metadata refresh interval: the maximum delay until new partitions are noticed.
    public var metadataInterval: Duration
    /// How long brokers may report a new topic as unknown before it counts as missing.
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

    /// - Parameter bootstrapServers: `host:port` of some brokers, separated by commas.
    public init(
        bootstrapServers: String, clientID: String = "learning-hub", settings: [Setting] = [],
        metadataInterval: Duration = .seconds(30), unknownTopicWait: Duration = .seconds(60),
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
        /// How long a record waits for others to fill a batch.
        public var linger = Duration.milliseconds(5)
        /// The maximum bytes and records of a batch.
        public var batchBytesMax = 1_000_000
        public var batchCountMax = 10_000
        /// The maximum bytes of a record with its key, headers and framing; a larger one is refused without being sent.
        public var recordBytesMax = 1_000_000
        /// The maximum bytes and records that wait for an acknowledgement; further appends wait.
        public var waitingBytesMax = 64 * 1_024 * 1_024
        public var waitingCountMax = 100_000
        /// The delay before a client is created again after a failure to create it or an immediate end.
        public var restartPause = Duration.seconds(1)
        /// How long to wait for the last delivery reports of a retired client.
        public var purgeLimit = Duration.seconds(1)

        public init() {}
    }

    /// The limits of one ``KafkaConsumer`` or ``KafkaReader``.
    public struct ConsumerLimits: Sendable {
        /// The maximum bytes and records prefetched per partition; the next fetch response may exceed them once. Bytes are rounded up
        /// to KiB.
        ///
        /// Until librdkafka 2.2.0 a partition that reaches one of them is not fetched for a second, however soon its queue is empty
        /// (confluentinc/librdkafka#2879): a holder that reads more than they hold in a second is slowed down to them.
        public var aheadBytesMax = 4 * 1_024 * 1_024
        public var aheadCountMax = 100_000
        /// How long a partition that reached a limit is not fetched, from librdkafka 2.2.0 on.
        public var aheadPause = Duration.milliseconds(20)
        /// The maximum bytes of a fetch response.
        public var fetchBytesMax = 16 * 1_024 * 1_024
        /// The maximum bytes per partition in a fetch response; a single larger record is still returned.
        public var partitionFetchBytesMax = 1_024 * 1_024
        /// How long a broker waits for records before it returns an empty response.
        public var fetchWait = Duration.milliseconds(500)
        /// The polling interval of the queues when no signal arrives; it keeps an idle member in its group.
        public var pollInterval = Duration.seconds(1)
        /// The commit interval of processed offsets.
        public var commitInterval = Duration.seconds(1)
        /// The timeout of a commit.
        public var commitLimit = Duration.seconds(5)
        /// How long holders may take to release revoked partitions; after that the partitions are lost.
        public var handOverLimit = Duration.seconds(10)

        public init() {}
    }
}

extension KafkaConfiguration {
    func producerSettings() -> [Setting] {
        common + [
            Setting("enable.idempotence", "true"),
            Setting("acks", "all"),
            // After a batch that a broker rejects, the next batch of its partition would be accepted: another order.
            Setting("enable.gapless.guarantee", "true"),
            // A message timeout in an idempotent producer leaves a gap in its sequence numbers, so the driver applies its own
            // timeouts.
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

    /// The first version that lets ``ConsumerLimits/aheadPause`` be chosen.
    private static let choosesAheadPause = LibraryVersion(major: 2, minor: 2, revision: 0)

    func consumerSettings() -> [Setting] {
        let aheadPause = Setting("fetch.queue.backoff.ms", consumer.aheadPause.milliseconds)
        return common + [
            Setting("auto.offset.reset", "error"),
            Setting("enable.auto.commit", "false"),
            Setting("enable.auto.offset.store", "false"),
            Setting("queued.max.messages.kbytes", "\((consumer.aheadBytesMax + 1_023) / 1_024)"),
            Setting("queued.min.messages", "\(consumer.aheadCountMax)"),
            Setting("fetch.max.bytes", "\(consumer.fetchBytesMax)"),
            Setting("max.partition.fetch.bytes", "\(consumer.partitionFetchBytesMax)"),
            Setting("fetch.wait.max.ms", consumer.fetchWait.milliseconds),
        ] + (LibraryVersion.inUse < Self.choosesAheadPause ? [] : [aheadPause]) + settings
    }

    func adminSettings() -> [Setting] { common + settings }

    /// How long librdkafka keeps records of a topic that it does not know yet.
    private static let propagationMax = Duration.seconds(5)

    private var common: [Setting] {
        [
            Setting("bootstrap.servers", bootstrapServers),
            Setting("client.id", clientID),
            Setting("topic.metadata.refresh.interval.ms", metadataInterval.milliseconds),
            Setting("topic.metadata.propagation.max.ms", min(unknownTopicWait, Self.propagationMax).milliseconds),
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
