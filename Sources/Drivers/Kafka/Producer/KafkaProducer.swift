internal import CKafka
public import EventLoop
internal import Observability

extension KafkaCluster {
    /// Creates a producer whose state is confined to `loop`. It connects on the first append.
    public func makeProducer(on loop: EventLoop) -> KafkaProducer { KafkaProducer(cluster: self, loop: loop) }
}

/// Appends records to topics, each once and in order, and waits until all in-sync replicas have acknowledged them.
///
/// It uses up to two idempotent librdkafka producers: one for records partitioned by key and one for records with an explicit partition,
/// because mixing both on one producer is unreliable. A producer that fails or misses a deadline is replaced. That is normal operation
/// and visible only as ``KafkaOutcome/unconfirmed(_:)``.
// @unchecked: confined to its loop, except for constants.
public final class KafkaProducer: @unchecked Sendable {
    private let cluster: KafkaCluster
    private let loop: EventLoop
    private let condition: Condition
    private var hashed: ProducerLine?
    private var placed: ProducerLine?
    /// Both active lines, retry lines and retired lines that are still closing.
    private var lines: [ObjectIdentifier: ProducerLine] = [:]
    private var appends: [UInt32: Append] = [:]
    private var lastID: UInt32 = 0
    private var ends: [ClientEnd] = []
    private let unknownTopics: UnknownTopics
    private var lastFailure: ContinuousClock.Instant?
    private var isClosed = false

    init(cluster: KafkaCluster, loop: EventLoop) {
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        unknownTopics = UnknownTopics(wait: cluster.configuration.unknownTopicWait)
    }

    private var limits: KafkaConfiguration.ProducerLimits { cluster.configuration.producer }

    // MARK: Appending

    /// Appends records; those of one partition in the given order. Returns one outcome for each, in the same order.
    ///
    /// After an unconfirmed record, no later record of its partition is accepted. A refused record is retried once on its own, because a
    /// broker refuses a whole batch for one invalid record; records that this call has meanwhile appended to its partition stay before
    /// it. An unknown topic is refused once it has been unknown for ``KafkaConfiguration/unknownTopicWait``; until then its records are
    /// unconfirmed.
    /// - Parameter limit: records not acknowledged in time are unconfirmed. So are the records of concurrent calls at that moment: a
    ///   producer that has given up a record cannot guarantee the order of later ones.
    /// - Returns: also at once when the task is cancelled.
    public func append(_ records: KafkaRecords, within limit: Duration) async -> [KafkaOutcome] {
        if records.isEmpty { return [] }
        let call = AppendCall()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { self.begin(call, records, within: limit, continuation) }
            }
        } onCancel: {
            loop.execute { self.cancel(call) }
        }
    }

    private func begin(
        _ call: AppendCall, _ records: KafkaRecords, within limit: Duration,
        _ continuation: CheckedContinuation<[KafkaOutcome], Never>
    ) {
        lastID &+= 1
        let append = Append(id: lastID, records: records, continuation)
        if isClosed { return append.finish(.producerClosed) }
        if call.isCancelled { return append.finish(.cancelled) }
        call.append = append
        appends[append.id] = append
        append.deadline = try? loop.schedule(after: limit) { [weak self, weak append] in
            if let self, let append { miss(append, limit) }
        }
        let (placed, hashed) = records.indexes()
        append.partCount = (placed.isEmpty ? 0 : 1) + (hashed.isEmpty ? 0 : 1)
        if !placed.isEmpty { line(\.placed).submit(AppendPart(append, placed)) }
        if !hashed.isEmpty { line(\.hashed).submit(AppendPart(append, hashed)) }
    }

    private func end(_ part: AppendPart, _ error: KafkaError) {
        let append = part.append
        append.partCount -= 1
        guard append.partCount == 0, !append.isOver else { return }
        let refused = append.beginSecondTry()
        if refused.isEmpty { return finish(append, error) }
        append.partCount = 1
        makeLineForOne().submit(AppendPart(append, refused))
    }

    private func finish(_ append: Append, _ error: KafkaError) {
        appends[append.id] = nil
        append.finish(error)
        condition.check()
    }

    private func miss(_ append: Append, _ limit: Duration) {
        let heard = lines.values.lazy.compactMap(\.lastError).first
        let error = KafkaError(.timedOut, "not acknowledged within \(limit)").caused(by: heard)
        finish(append, error)
        for line in lines.values where !line.withdraw(append) { line.retire(error) }
    }

    private func cancel(_ call: AppendCall) {
        call.isCancelled = true
        guard let append = call.append, !append.isOver else { return }
        finish(append, .cancelled)
        for line in lines.values { _ = line.withdraw(append) }
    }

    // MARK: Lines

    private func line(_ path: ReferenceWritableKeyPath<KafkaProducer, ProducerLine?>) -> ProducerLine {
        if let line = self[keyPath: path] { return line }
        let line = makeLine(cluster.configuration.producerSettings()) { [weak self] untouched, error in
            guard let self else { return }
            self[keyPath: path] = nil
            if isClosed { return drop(untouched, error) }
            cluster.logger.warning("kafka producer replaced", [.error: .init(error)])
            lastFailure = .now
            for part in untouched { self.line(path).submit(part) }
        }
        self[keyPath: path] = line
        return line
    }

    /// A line that sends each record on its own, one after the other. It is used once, so that an unknown topic is looked up again.
    private func makeLineForOne() -> ProducerLine {
        let settings =
            cluster.configuration.producerSettings() + [
                .init("enable.gapless.guarantee", "false"), .init("batch.num.messages", "1"), .init("linger.ms", "0"),
                .init("max.in.flight.requests.per.connection", "1"),
            ]
        let line = makeLine(settings) { [weak self] in self?.drop($0, $1) }
        line.onEnd = { [weak self, weak line] part, error in
            self?.end(part, error)
            line?.retire(.producerClosed)
        }
        return line
    }

    private func drop(_ parts: [AppendPart], _ error: KafkaError) {
        for part in parts { end(part, error) }
    }

    private func makeLine(
        _ settings: [KafkaConfiguration.Setting], onRetired: @escaping ([AppendPart], KafkaError) -> Void
    ) -> ProducerLine {
        let line = ProducerLine(loop: loop, purgeLimit: limits.purgeLimit, unknownTopics: unknownTopics)
        lines[ObjectIdentifier(line)] = line
        line.onEnd = { [weak self] in self?.end($0, $1) }
        line.onRetired = onRetired
        line.onClosed = { [weak self, weak line] end in
            if let self, let line { closed(line, end) }
        }
        loop.start("kafka producer") {
            do {
                try await self.rest()
                line.begin(
                    try await Client.start(HUB_KAFKA_PRODUCER, settings, cluster: self.cluster, on: self.loop))
            } catch {
                line.fail(error as? KafkaError ?? KafkaError(.passing, "no client could be created: \(error)"))
            }
        }
        return line
    }

    /// After a failure, the next client is created after a delay.
    private func rest() async throws {
        guard let lastFailure else { return }
        let left = limits.restartPause - (.now - lastFailure)
        if left > .zero { try await loop.sleep(for: left) }
    }

    private func closed(_ line: ProducerLine, _ end: ClientEnd?) {
        lines[ObjectIdentifier(line)] = nil
        if let end {
            ends.removeAll(where: \.isOver)
            ends.append(end)
            end.whenOver { [loop, condition] in loop.execute { condition.check() } }
        }
        condition.check()
    }

    // MARK: Shutdown

    /// Accepts no more records, waits for pending ones, gives up the rest, and closes.
    /// - Parameter limit: the timeout for all of that.
    public func close(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        _ = try? await loop.shielded("kafka producer close") {
            self.isClosed = true
            // Half of the time is for pending records, the rest for librdkafka's shutdown.
            _ = await self.condition.wait(atMost: limit / 2) { self.appends.isEmpty }
            for line in self.lines.values { line.retire(.producerClosed) }
            _ = await self.condition.wait(atMost: end - .now) {
                self.lines.isEmpty && self.ends.allSatisfy(\.isOver)
            }
        }
    }
}

/// Connects a cancellation to its append.
// @unchecked: accessed on the producer's loop only.
private final class AppendCall: @unchecked Sendable {
    var append: Append?
    var isCancelled = false
}

extension KafkaError {
    fileprivate static let producerClosed = KafkaError(.closed, "the producer is closed")
    fileprivate static let cancelled = KafkaError(.closed, "the task was cancelled")
}
