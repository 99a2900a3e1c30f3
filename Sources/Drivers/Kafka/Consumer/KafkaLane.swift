internal import CKafka
internal import EventLoop

/// How a partition is revoked from its holder.
public enum KafkaRevocation: Sendable, Hashable {
    /// Finish the current work, then release.
    case handOver
    /// Another member may already be reading the partition: stop.
    case lost
}

/// A partition assigned to this member. The holder decides the start offset; nothing is fetched before that.
///
/// The holder calls ``start(at:)``, reads with ``next(countMax:)`` until it returns nil, then calls ``release()``. Only then can another
/// member get the partition.
// @unchecked: confined to the loop of its consumer, except for constants.
public final class KafkaLane: @unchecked Sendable {
    public let partition: KafkaPartition
    private let consumer: KafkaConsumer
    private var loop: EventLoop { consumer.loop }
    private var queue: LaneQueue?
    /// The lane has a holder. Without one, a revocation needs no release.
    private var isHeld = false
    /// Whether librdkafka fetches the partition.
    private(set) var isAssigned = false
    private var isReleased = false
    private(set) var revocation: KafkaRevocation?
    /// The offset at which reading continues.
    private var position: Int64 = 0
    /// The log does not hold the position: no records come until the lane is started at another offset.
    private var isOutOfRange = false
    private var reader: LaneReader?
    private var watchers: [LaneWatcher] = []

    init(_ partition: KafkaPartition, of consumer: KafkaConsumer) {
        self.partition = partition
        self.consumer = consumer
    }

    // MARK: The holder's side

    /// Starts fetching at an offset; also moves the position of a started lane.
    /// - Throws: ``KafkaError``; of kind `closed` when the lane has ended.
    public func start(at offset: Int64) async throws {
        try await onLoop { try self.begin(at: offset) }
    }

    /// The committed offset of the group; nil if there is none.
    /// - Throws: ``KafkaError``.
    public func committed(within limit: Duration) async throws -> Int64? {
        let partition = partition
        let handle = try await consumer.currentHandle()
        return try await consumer.cluster.blocking {
            try KafkaPartition.withC([(partition, 0)]) { elements in
                var error = hub_kafka_error()
                let status = hub_kafka_committed(
                    handle.pointer, &elements, Int32(elements.count), limit.millisecondsClamped, &error)
                if status != 0 { throw KafkaError(error) }
                if let code = elements.first?.error, code != 0 { throw KafkaError(code: code) }
                return elements.first.flatMap { $0.offset >= 0 ? $0.offset : nil }
            }
        }
    }

    /// Waits for records.
    /// - Parameter countMax: the maximum number of records.
    /// - Returns: nil when the partition was revoked or lost: the holder must release it.
    /// - Throws: ``KafkaGap`` when the log does not hold the position, until the lane is started at another offset; ``KafkaError``, of
    ///   kind `unknownTopic` when the topic was deleted; `CancellationError`.
    public func next(countMax: Int) async throws -> KafkaBatch? {
        let reader = LaneReader(countMax: countMax)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.read(reader, continuation) }
            }
        } onCancel: {
            loop.execute { self.cancel(reader) }
        }
    }

    /// Marks all offsets below `offset` as processed. They are committed periodically and before the partition moves to another member.
    /// Committed offsets only serve lag monitoring; they never decide where a holder starts.
    public func acknowledge(_ offset: Int64) {
        loop.execute {
            if !self.isOver { self.consumer.acknowledge(offset, of: self.partition) }
        }
    }

    /// Waits until the partition is revoked or lost. Returns at once when that has already happened.
    /// - Throws: `CancellationError`.
    public func whenRevoked() async throws -> KafkaRevocation {
        let watcher = LaneWatcher()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.watch(watcher, continuation) }
            }
        } onCancel: {
            loop.execute { self.cancel(watcher) }
        }
    }

    /// Releases the partition. Without a revocation, this member is offered it again. May be called more than once.
    public func release() async {
        _ = try? await onLoop {
            if self.isReleased { return }
            self.isReleased = true
            self.stopReading()
            self.consumer.released(self)
            self.tell(.handOver)
        }
    }

    private func onLoop(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            loop.execute { continuation.resume(with: Result(catching: body)) }
        }
    }

    // MARK: Reading

    private var isOver: Bool { isReleased || revocation == .lost }

    private func begin(at offset: Int64) throws(KafkaError) {
        // A revoked lane that was never started has been given back already: librdkafka would keep an assignment that nobody ends.
        guard revocation == nil, !isReleased, let client = consumer.handle else {
            throw KafkaError(.closed, "\(partition) was given back")
        }
        isHeld = true
        if isAssigned { try consumer.unassign([self]) }
        let queue: LaneQueue
        if let known = self.queue { queue = known } else { queue = try LaneQueue(partition, client: client) }
        self.queue = queue
        queue.reset()
        isOutOfRange = false
        position = offset
        try consumer.assign(self, at: offset)
        isAssigned = true
    }

    func wasUnassigned() { isAssigned = false }

    private func read(_ reader: LaneReader, _ continuation: CheckedContinuation<KafkaBatch?, any Error>) {
        if reader.isCancelled { return continuation.resume(throwing: CancellationError()) }
        guard self.reader == nil else {
            return continuation.resume(throwing: KafkaError(.invalid, "one task reads \(partition) at a time"))
        }
        reader.continuation = continuation
        self.reader = reader
        deliver()
    }

    private func cancel(_ reader: LaneReader) {
        reader.isCancelled = true
        if self.reader === reader { answer(.failure(CancellationError())) }
    }

    /// The queue may have new records.
    func wake() {
        queue?.wake()
        deliver()
    }

    private func deliver() {
        guard let reader else { return }
        if revocation != nil || isReleased { return answer(.success(nil)) }
        if isOutOfRange { return answerGap() }
        switch queue?.take(countMax: reader.countMax) {
        case nil, .end: break
        case .batch(let batch):
            position = batch.nextOffset
            answer(.success(batch))
        case .failure(let error): answer(.failure(error))
        case .outOfRange:
            isOutOfRange = true
            answerGap()
        }
    }

    private func answer(_ result: Result<KafkaBatch?, any Error>) {
        let reader = reader
        self.reader = nil
        reader?.continuation?.resume(with: result)
    }

    private func answerGap() {
        let reader = reader
        self.reader = nil
        loop.start("kafka gap") {
            do {
                throw try await self.consumer.gap(at: self.position, of: self.partition)
            } catch {
                reader?.continuation?.resume(throwing: error)
            }
        }
    }

    // MARK: The group's side

    func tell(_ revocation: KafkaRevocation) {
        if self.revocation == .lost { return }
        self.revocation = revocation
        for watcher in watchers { watcher.continuation?.resume(returning: revocation) }
        watchers = []
        deliver()
    }

    /// Without a holder the partition can move at once.
    var isFree: Bool { isReleased || !isHeld }

    /// This member no longer owns the partition.
    func lose() {
        tell(.lost)
        stopReading()
    }

    /// Stops reading and discards fetched records.
    func stopReading() {
        answer(.success(nil))
        queue?.close()
        queue = nil
    }

    private func watch(_ watcher: LaneWatcher, _ continuation: CheckedContinuation<KafkaRevocation, any Error>) {
        if watcher.isCancelled { return continuation.resume(throwing: CancellationError()) }
        if let revocation { return continuation.resume(returning: revocation) }
        watcher.continuation = continuation
        watchers.append(watcher)
    }

    private func cancel(_ watcher: LaneWatcher) {
        watcher.isCancelled = true
        guard let index = watchers.firstIndex(where: { $0 === watcher }) else { return }
        watchers.remove(at: index)
        watcher.continuation?.resume(throwing: CancellationError())
    }
}

/// One call of ``KafkaLane/next(countMax:)``.
// @unchecked: accessed on the consumer's loop only.
private final class LaneReader: @unchecked Sendable {
    let countMax: Int
    var continuation: CheckedContinuation<KafkaBatch?, any Error>?
    var isCancelled = false
    init(countMax: Int) { self.countMax = countMax }
}

/// One call of ``KafkaLane/whenRevoked()``.
// @unchecked: accessed on the consumer's loop only.
private final class LaneWatcher: @unchecked Sendable {
    var continuation: CheckedContinuation<KafkaRevocation, any Error>?
    var isCancelled = false
}
