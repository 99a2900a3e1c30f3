internal import EventLoop
internal import Kafka
internal import Synchronization

/// The shared admin client, created on first use; after a failure, on the next.
final class KafkaAdministration: Sendable {
    private let cluster: KafkaCluster
    private let loop: EventLoop
    private let opening = Mutex<Task<KafkaAdmin, any Error>?>(nil)

    init(_ cluster: KafkaCluster, on loop: EventLoop) {
        self.cluster = cluster
        self.loop = loop
    }

    /// - Throws: ``KafkaError`` when the settings are invalid.
    func open() async throws -> KafkaAdmin {
        let cluster = cluster, loop = loop
        let task = opening.withLock { opening in
            let task = opening ?? loop.start("kafka administration") { try await cluster.administer(on: loop) }
            opening = task
            return task
        }
        do {
            return try await task.value
        } catch {
            // The cause may have passed, such as a missing file of certificates.
            opening.withLock { if $0 == task { $0 = nil } }
            throw error
        }
    }

    func close(within limit: Duration) async {
        let task = opening.withLock { $0 }
        if case .success(let admin)? = await task?.result { await admin.close(within: limit) }
    }
}
