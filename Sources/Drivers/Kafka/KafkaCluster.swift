public import EventLoop
public import Observability

/// A Kafka cluster: creates producers, consumers, readers and admin clients.
public final class KafkaCluster: Sendable {
    public let configuration: KafkaConfiguration
    let logger: Logger
    let log: ClusterLog
    /// For librdkafka's blocking calls, and for creating clients, which reads certificate files.
    let pool: BlockingPool

    private static let threadCount = 2
    private static let waitingCountMax = 1_024

    /// - Throws: ``EventLoopError/outOfResources`` when no threads are available. Connects to nothing yet.
    public init(_ configuration: KafkaConfiguration, logger: Logger) throws(EventLoopError) {
        self.configuration = configuration
        self.logger = logger
        log = ClusterLog(logger)
        pool = try BlockingPool(name: "kafka", threadCount: Self.threadCount, queueCountMax: Self.waitingCountMax)
    }

    /// Stops the threads. Close everything created from the cluster first.
    public func close() { pool.shutdown() }
}
