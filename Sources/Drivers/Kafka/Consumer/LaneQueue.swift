internal import CKafka
internal import EventLoop

/// The queue of one partition on its way to the one who reads it: what is not taken stays with librdkafka, which then stops fetching.
///
/// Confined to the loop of its client.
final class LaneQueue {
    enum Item {
        case batch(KafkaBatch)
        /// There is nothing behind this offset now; told only by clients that ask for it.
        case end(Int64)
        case failure(KafkaError)
        /// The offset asked for is not in the log.
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

    /// Of a client without a group: fetches from `offset` on.
    func start(at offset: Int64) throws(KafkaError) {
        guard let raw else { return }
        var error = hub_kafka_error()
        if hub_kafka_lane_start(raw, offset, &error) != 0 { throw KafkaError(error) }
    }

    /// Something may have come.
    func wake() { isDrained = false }

    /// Reading begins anew: what was met before does not count.
    func reset() {
        items = []
        isDrained = false
    }

    /// The next thing that is there; nil when nothing is.
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
        // What lies past the end is not wanted, and what ends before it has to be told.
        if taken.pointee.count > batch.count { items.append(.end(end)) }
        if error.code != 0 {
            let isOutOfRange = Int(hub_kafka_error_kind(error.code)) == HUB_KAFKA_OFFSET_OUT_OF_RANGE
            items.append(isOutOfRange ? .outOfRange : .failure(KafkaError(error)))
        }
        if logEnd >= 0 { items.append(.end(logEnd)) }
    }
}
