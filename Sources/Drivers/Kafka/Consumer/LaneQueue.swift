internal import CKafka
internal import EventLoop

/// The queue of one partition. Records that are not taken stay in librdkafka's queue, which then stops fetching.
///
/// Confined to the loop of its client.
final class LaneQueue {
    enum Item {
        case batch(KafkaBatch)
        /// The end of the partition is reached at this offset; reported only to clients that request it.
        case end(Int64)
        case failure(KafkaError)
        /// The log does not hold the requested offset.
        case outOfRange
    }

    let partition: KafkaPartition
    private let client: ClientHandle
    /// nil once closed.
    private var raw: OpaquePointer?
    private var isDrained = false
    private var items: [Item] = []

    init(_ partition: KafkaPartition, client: ClientHandle) throws(KafkaError) {
        self.partition = partition
        self.client = client
        var error = hub_kafka_error()
        raw = hub_kafka_lane_open(client.pointer, partition.topic, Int32(clamping: partition.number), &error)
        if raw == nil { throw KafkaError(error) }
    }

    deinit { close() }

    func close() {
        guard let raw else { return }
        self.raw = nil
        items = []
        hub_kafka_lane_close(raw)
    }

    /// For a client without a group: fetches from `offset` on.
    func start(at offset: Int64) throws(KafkaError) {
        guard let raw else { return }
        var error = hub_kafka_error()
        if hub_kafka_lane_start(raw, offset, &error) != 0 { throw KafkaError(error) }
    }

    /// The queue may have new records.
    func wake() { isDrained = false }

    /// Reading restarts: earlier ends and errors no longer apply.
    func reset() {
        items = []
        isDrained = false
    }

    /// The next available item; nil when the queue is empty.
    func take(countMax: Int, before end: Int64 = .max) -> Item? {
        if items.isEmpty { fetch(countMax: countMax, before: end) }
        return items.isEmpty ? nil : items.removeFirst()
    }

    private func fetch(countMax: Int, before end: Int64) {
        guard let raw, !isDrained else { return }
        guard let taken = hub_kafka_lane_take(raw, Int32(clamping: max(1, countMax))) else {
            isDrained = true
            return
        }
        isDrained = taken.pointee.is_drained != 0
        let (error, logEnd) = (taken.pointee.error, taken.pointee.end)
        let batch = KafkaBatch(taken, of: partition, client: client, before: end)
        if !batch.isEmpty { items.append(.batch(batch)) }
        // Records after the end are dropped; a range that ends before the next record must be reported as complete.
        if taken.pointee.count > batch.count { items.append(.end(end)) }
        if error.code != 0 {
            let isOutOfRange = Int(hub_kafka_error_kind(error.code)) == HUB_KAFKA_OFFSET_OUT_OF_RANGE
            items.append(isOutOfRange ? .outOfRange : .failure(KafkaError(error)))
        }
        if logEnd >= 0 { items.append(.end(logEnd)) }
    }
}
