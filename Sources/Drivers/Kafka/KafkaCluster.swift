public import EventLoop
public import Observability

/// A Kafka cluster as this program talks to it: makes its producers, consumers, readers and the administration.
public final class KafkaCluster: Sendable {
    public let configuration: KafkaConfiguration
    let logger: Logger
    /// For what librdkafka offers only as a call that waits, and for starting clients, which reads certificates.
    let pool: BlockingPool

    private static let threadCount = 2
    private static let waitingCountMax = 1_024

    /// - Throws: ``EventLoopError/outOfResources`` when there are no threads. Nothing is connected yet.
    public init(_ configuration: KafkaConfiguration, logger: Logger) throws(EventLoopError) {
        self.configuration = configuration
        self.logger = logger
        pool = try BlockingPool(name: "kafka", threadCount: Self.threadCount, queueCountMax: Self.waitingCountMax)
    }

    /// Ends the threads. Close what was made from the cluster first.
    public func close() { pool.shutdown() }
}
