internal import CKafka
internal import EventLoop

/// How a partition is taken back from the one who reads it.
public enum KafkaRevocation: Sendable, Hashable {
    /// Finish what is at hand, then release.
    case handOver
    /// Another member may be reading already: stop.
    case lost
}

/// A partition that the group has given to this member. Where to begin is for the holder to say; nothing is fetched before.
///
/// The holder calls ``start(at:)``, reads with ``next(countMax:)`` until that answers nil, then calls ``release()``: only then does the
/// partition go to another member.
// @unchecked: confined to the loop of its consumer, but for the constants.
public final class KafkaLane: @unchecked Sendable {
    public let partition: KafkaPartition
    private let consumer: KafkaConsumer
    private var loop: EventLoop { consumer.loop }
    private var queue: LaneQueue?
    /// Somebody holds it: until then nobody needs to give it back.
    private var isHeld = false
    /// Whether librdkafka fetches it.
    private(set) var isAssigned = false
    private var isReleased = false
    private(set) var revocation: KafkaRevocation?
    /// Where reading goes on.
    private var position: Int64 = 0
    /// The log does not hold the position: nothing comes until it is started elsewhere.
    private var isOutOfRange = false
    private var reader: LaneReader?
    private var watchers: [LaneWatcher] = []

    init(_ partition: KafkaPartition, of consumer: KafkaConsumer) {
        self.partition = partition
        self.consumer = consumer
    }

    // MARK: The holder's side

    /// Begins to fetch from an offset on; also to go on elsewhere.
    /// - Throws: ``KafkaError``; of kind `closed` when the lane is over.
    public func start(at offset: Int64) async throws {
        try await onLoop { try self.begin(at: offset) }
    }

    /// What the group has committed; nil for nothing.
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
    /// - Parameter countMax: at most so many.
    /// - Returns: nil when the group wants the partition back, or has lost it: release it then.
    /// - Throws: ``KafkaGap`` when the log no longer, or not yet, holds the offset to read from, until the lane is started elsewhere;
    ///   ``KafkaError``, of kind `unknownTopic` when the topic was deleted; `CancellationError`.
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

    /// Notes that everything below `offset` has been dealt with. The group is told once in a while, and before the partition goes to
    /// another member; it is advice for those who watch lag, and never decides where a holder begins.
    public func acknowledge(_ offset: Int64) {
        loop.execute {
            if !self.isOver { self.consumer.acknowledge(offset, of: self.partition) }
        }
    }

    /// Waits until the group wants the partition back, or has lost it. Returns at once when that has happened.
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

    /// Gives the partition back. When the group did not want it back, this member is offered it again. May be called more than once.
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
        guard !isOver, let client = consumer.handle else { throw KafkaError(.closed, "\(partition) was given back") }
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

    /// Something may have come.
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

    /// Nobody has to finish anything before the partition goes to another member.
    var isFree: Bool { isReleased || !isHeld }

    /// The partition is no longer this member's.
    func lose() {
        tell(.lost)
        stopReading()
    }

    /// Nothing more is read from it, and what was fetched is given up.
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
// @unchecked: touched on the consumer's loop alone.
private final class LaneReader: @unchecked Sendable {
    let countMax: Int
    var continuation: CheckedContinuation<KafkaBatch?, any Error>?
    var isCancelled = false
    init(countMax: Int) { self.countMax = countMax }
}

/// One call of ``KafkaLane/whenRevoked()``.
// @unchecked: touched on the consumer's loop alone.
private final class LaneWatcher: @unchecked Sendable {
    var continuation: CheckedContinuation<KafkaRevocation, any Error>?
    var isCancelled = false
}
