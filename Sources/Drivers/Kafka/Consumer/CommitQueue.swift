internal import CKafka
internal import EventLoop

/// Tells the group's coordinator how far its members came: what comes within an interval in one request, and one request at a time.
/// Nothing is read back, so a commit that fails costs nothing but a figure of lag that is late.
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
    /// What the coordinator has not been told yet.
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

    /// The partition is somebody else's.
    func forget(_ partition: KafkaPartition) { noted[partition] = nil }

    private func schedule() {
        if timer != nil || isClosed { return }
        timer = try? loop.schedule(after: limits.commitInterval) { [weak self] in
            guard let self else { return }
            timer = nil
            // One still under way: the next interval takes both.
            if open.isEmpty { send(take(Array(noted.keys))) } else { schedule() }
        }
    }

    /// Commits at once what was noted of some partitions, and waits for the coordinator, for a bounded time.
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
