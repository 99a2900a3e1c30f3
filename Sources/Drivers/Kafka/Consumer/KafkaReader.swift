internal import CKafka
public import EventLoop

extension KafkaCluster {
    /// Opens a reader of offset ranges, outside of any group. Its state is confined to `loop`.
    /// - Throws: ``KafkaError``.
    public func read(_ ranges: [KafkaPartition: Range<Int64>], on loop: EventLoop) async throws -> KafkaReader {
        // Safe here although end-of-partition events corrupt stored offsets (librdkafka 2.2.0 to 2.13.1, #4844): this client neither
        // stores nor commits offsets.
        let settings = configuration.consumerSettings() + [.init("enable.partition.eof", "true")]
        return try await loop.run("kafka read") {
            let client = try await Client.start(HUB_KAFKA_CONSUMER, settings, cluster: self, on: loop)
            do {
                return try KafkaReader(client, ranges, cluster: self, loop: loop)
            } catch {
                client.close()
                throw error
            }
        }
    }
}

/// Reads offset ranges to their ends, for replays and searches. Partitions nobody reads from are not fetched. It must be closed.
// @unchecked: confined to its loop, except for constants.
public final class KafkaReader: @unchecked Sendable {
    private let loop: EventLoop
    private let cluster: KafkaCluster
    private let client: Client
    private let condition: Condition
    private let ranges: [KafkaPartition: Range<Int64>]
    private var queues: [LaneQueue]
    private var waiting: ReaderCall?
    private var lastError: KafkaError?

    init(
        _ client: Client, _ ranges: [KafkaPartition: Range<Int64>], cluster: KafkaCluster, loop: EventLoop
    ) throws(KafkaError) {
        self.client = client
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        self.ranges = ranges.filter { !$0.value.isEmpty }
        queues = []
        guard let handle = client.handle else { return }
        for (partition, range) in self.ranges.sorted(by: { $0.key < $1.key }) {
            let queue = try LaneQueue(partition, client: handle)
            try queue.start(at: range.lowerBound)
            queues.append(queue)
        }
        // `close` breaks these reference cycles.
        client.onEvent = { if $0.kind == HUB_KAFKA_EVENT_ERROR { self.lastError = $0.error } }
        client.onWake = {
            for queue in self.queues { queue.wake() }
            self.deliver()
        }
    }

    /// Waits for records of any of the partitions; the records of one partition come in order.
    /// - Returns: nil once every range is read to its end; waits for records that are not written yet.
    /// - Throws: ``KafkaGap`` when the log does not hold the next offset of a range, which ends that range; ``KafkaError``;
    ///   `CancellationError`.
    public func next(countMax: Int) async throws -> KafkaBatch? {
        let call = ReaderCall(countMax: countMax)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.begin(call, continuation) }
            }
        } onCancel: {
            loop.execute {
                call.isCancelled = true
                if self.waiting === call { self.answer(.failure(CancellationError())) }
            }
        }
    }

    private func begin(_ call: ReaderCall, _ continuation: CheckedContinuation<KafkaBatch?, any Error>) {
        if call.isCancelled { return continuation.resume(throwing: CancellationError()) }
        guard waiting == nil else {
            return continuation.resume(throwing: KafkaError(.invalid, "one task uses a reader at a time"))
        }
        call.continuation = continuation
        waiting = call
        deliver()
    }

    private func deliver() {
        guard let call = waiting else { return }
        if client.handle == nil { return answer(.failure(KafkaError(.closed, "the reader is closed"))) }
        // Partitions are read in round-robin order; a completed one is removed.
        for _ in 0..<queues.count {
            let queue = queues.removeFirst()
            queues.append(queue)
            guard let range = ranges[queue.partition] else { continue }
            if let result = take(from: queue, range, countMax: call.countMax) { return answer(result) }
            if waiting == nil { return }
        }
        if queues.isEmpty { answer(.success(nil)) }
    }

    /// - Returns: nil when there is nothing to report to the caller.
    private func take(
        from queue: LaneQueue, _ range: Range<Int64>, countMax: Int
    ) -> Result<KafkaBatch?, any Error>? {
        switch queue.take(countMax: countMax, before: range.upperBound) {
        case nil: return nil
        case .batch(let batch):
            if batch.nextOffset >= range.upperBound { finish(queue) }
            return .success(batch)
        case .end(let end):
            // The partition is empty for now; more records may follow.
            if end >= range.upperBound { finish(queue) }
            return nil
        case .failure(let error): return .failure(error)
        case .outOfRange:
            finish(queue)
            tellGap(at: range.lowerBound, of: queue.partition)
            return nil
        }
    }

    private func tellGap(at offset: Int64, of partition: KafkaPartition) {
        let call = waiting
        waiting = nil
        loop.start("kafka gap") {
            do {
                throw try await self.cluster.gap(at: offset, of: partition, on: self.client.handle)
            } catch {
                call?.continuation?.resume(throwing: error)
            }
        }
    }

    private func finish(_ queue: LaneQueue) {
        queue.close()
        queues.removeAll { $0 === queue }
    }

    private func answer(_ result: Result<KafkaBatch?, any Error>) {
        let call = waiting
        waiting = nil
        call?.continuation?.resume(with: result)
    }

    /// Closes the reader.
    /// - Parameter limit: how long to wait for librdkafka's shutdown; after that it continues in the background.
    public func close(within limit: Duration) async {
        _ = try? await loop.shielded("kafka reader close") {
            for queue in self.queues { queue.close() }
            self.queues = []
            guard let end = self.client.close() else { return }
            self.deliver()
            end.whenOver { [loop = self.loop, condition = self.condition] in loop.execute { condition.check() } }
            _ = await self.condition.wait(atMost: limit) { end.isOver }
        }
    }
}

/// One call of ``KafkaReader/next(countMax:)``.
// @unchecked: accessed on the reader's loop only.
private final class ReaderCall: @unchecked Sendable {
    let countMax: Int
    var continuation: CheckedContinuation<KafkaBatch?, any Error>?
    var isCancelled = false
    init(countMax: Int) { self.countMax = countMax }
}
