internal import CKafka
internal import EventLoop

/// Commits offsets to the group coordinator: one request per interval, and one in flight at a time. The driver never reads the committed
/// offsets, so a failed commit only delays the reported lag.
///
/// Confined to the loop of its consumer.
final class CommitQueue {
    private let client: Client
    private let loop: EventLoop
    private let limits: KafkaConfiguration.ConsumerLimits
    private let condition: Condition
    private var timer: Watch?
    private var lastTag: UInt64 = 0
    private var open: Set<UInt64> = []
    private var isClosed = false
    /// Offsets not committed yet.
    private var noted: [KafkaPartition: Int64] = [:]

    init(_ client: Client, loop: EventLoop, limits: KafkaConfiguration.ConsumerLimits) {
        self.client = client
        self.loop = loop
        self.limits = limits
        condition = Condition(loop: loop)
    }

    /// Commits an offset at the end of the interval.
    func note(_ offset: Int64, of partition: KafkaPartition) {
        noted[partition] = offset
        schedule()
    }

    /// Another member owns the partition now.
    func forget(_ partition: KafkaPartition) { noted[partition] = nil }

    private func schedule() {
        if timer != nil || isClosed { return }
        timer = try? loop.schedule(after: limits.commitInterval) { [weak self] in
            guard let self else { return }
            timer = nil
            // A commit is in flight: the next interval commits both.
            if open.isEmpty { send(take(Array(noted.keys))) } else { schedule() }
        }
    }

    /// Commits the pending offsets of some partitions at once, and waits for the coordinator, with a timeout.
    func commit(_ partitions: [KafkaPartition]) async {
        guard let tag = send(take(partitions)) else { return }
        _ = await condition.wait(atMost: limits.commitLimit) { !self.open.contains(tag) }
    }

    func answered(_ tag: UInt64) {
        open.remove(tag)
        condition.check()
    }

    private func take(_ partitions: [KafkaPartition]) -> [KafkaPartition: Int64] {
        partitions.reduce(into: [:]) { offsets, partition in
            if let offset = noted.removeValue(forKey: partition) { offsets[partition] = offset }
        }
    }

    /// - Returns: nil when there is nothing to wait for.
    @discardableResult
    private func send(_ offsets: [KafkaPartition: Int64]) -> UInt64? {
        guard !offsets.isEmpty, let pointer = client.handle?.pointer else { return nil }
        lastTag += 1
        var error = hub_kafka_error()
        let status = KafkaPartition.withC(offsets.map { ($0.key, $0.value) }) {
            hub_kafka_commit(pointer, $0, Int32($0.count), lastTag, &error)
        }
        if status != 0 { return nil }
        open.insert(lastTag)
        return lastTag
    }

    func close() {
        isClosed = true
        timer?.cancel()
        timer = nil
        open = []
        noted = [:]
        condition.check()
    }
}
