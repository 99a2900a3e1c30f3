internal import CKafka
internal import EventLoop

/// One idempotent librdkafka producer. It is used until an error or a timeout makes it unreliable; then it is retired, and its
/// unacknowledged records are unconfirmed.
// @unchecked: confined to the loop of its producer.
final class ProducerLine: @unchecked Sendable {
    private let loop: EventLoop
    private let purgeLimit: Duration
    private let unknownTopics: UnknownTopics
    private var client: Client?
    private var topics: [String: OpaquePointer] = [:]
    private var waiting: [AppendPart] = []
    /// Parts passed to librdkafka, at least partly, by the id of their append.
    private var open: [UInt32: AppendPart] = [:]
    private var reports = [hub_kafka_report](repeating: hub_kafka_report(), count: ProducerLine.reportCountMax)
    private(set) var retirement: KafkaError?
    private var purgeTimer: Watch?
    private var isResumeDue = false
    /// The last error from the brokers; nil once a record is acknowledged.
    private(set) var lastError: KafkaError?

    /// All records of a part have a final outcome; the error applies to those without one.
    var onEnd: (AppendPart, KafkaError) -> Void = { _, _ in }
    /// The line was retired; it did not start these parts.
    var onRetired: (_ untouched: [AppendPart], KafkaError) -> Void = { _, _ in }
    /// The line has ended completely.
    var onClosed: (ClientEnd?) -> Void = { _ in }

    private static let reportCountMax = 512
    /// The number of records passed in one go before the loop runs other work.
    private static let sendCountMax = 2_000

    init(loop: EventLoop, purgeLimit: Duration, unknownTopics: UnknownTopics) {
        self.loop = loop
        self.purgeLimit = purgeLimit
        self.unknownTopics = unknownTopics
    }

    func begin(_ client: Client) {
        if retirement != nil { return onClosed(client.close()) }
        self.client = client
        client.onEvent = { [weak self] in self?.take($0) }
        // Delivery reports free queue space only when they are released, at the end of the loop iteration.
        client.onWake = { [weak self] in
            guard let self, !isResumeDue else { return }
            send()
        }
        send()
    }

    /// Replaces ``begin(_:)`` when no client could be created; another attempt would fail too.
    func fail(_ error: KafkaError) {
        let parts = waiting
        waiting = []
        for part in parts { onEnd(part, error) }
        retire(error)
        onClosed(nil)
    }

    func submit(_ part: AppendPart) {
        waiting.append(part)
        if !isResumeDue { send() }
    }

    /// Takes back a part that the line has not started.
    /// - Returns: false when the line has started it.
    func withdraw(_ append: Append) -> Bool {
        if open[append.id] != nil { return false }
        waiting.removeAll { $0.append === append }
        return true
    }

    // MARK: Sending

    /// Passes waiting records to librdkafka until its queue is full; continues when delivery reports free space.
    private func send() {
        var budget = Self.sendCountMax
        while retirement == nil, let pointer = client?.handle?.pointer, let part = waiting.first {
            if budget <= 0 { return resume() }
            guard let count = produce(part, atMost: budget, pointer) else { return }
            budget -= count
            if part.isSent {
                waiting.removeFirst()
                if part.openCount == 0 { end(part) }
            }
        }
    }

    private func resume() {
        isResumeDue = true
        _ = try? loop.schedule(after: .zero) { [weak self] in
            self?.isResumeDue = false
            self?.send()
        }
    }

    /// - Returns: how many records were processed; nil when the queue is full.
    private func produce(_ part: AppendPart, atMost countMax: Int, _ pointer: OpaquePointer) -> Int? {
        let append = part.append
        let from = part.sentCount
        let count = min(countMax, part.indexes.count - from)
        guard let topics = topics(of: part, pointer) else { return 0 }
        var code: Int32 = 0
        let taken = append.records.withC(tag: append.id, topics) { records in
            part.indexes.withUnsafeBufferPointer { indexes in
                withUnsafePointer(to: records) { records in
                    hub_kafka_produce(
                        pointer, records, indexes.baseAddress.map { $0 + from }, Int32(count), &code)
                }
            }
        }
        part.sentCount += Int(taken)
        part.openCount += Int(taken)
        if taken > 0 { open[append.id] = part }
        if code == 0 { return count }
        if Int(hub_kafka_error_kind(code)) == HUB_KAFKA_QUEUE_FULL { return nil }
        let error = KafkaError(code: code)
        let index = part.indexes[part.sentCount]
        if error.isRefusal, isForGood(error, append.records.topic(of: index)) {
            append.refuseForGood(index, error)
            part.sentCount += 1
            return Int(taken) + 1
        }
        retire(error)
        return nil
    }

    /// Whether the refusal is permanent: the brokers may not know a new topic yet.
    private func isForGood(_ error: KafkaError, _ topic: String) -> Bool {
        error.kind != .unknownTopic || unknownTopics.isMissing(topic)
    }

    /// - Returns: nil when a topic name is invalid: then the rest of the part is refused.
    private func topics(of part: AppendPart, _ pointer: OpaquePointer) -> [OpaquePointer?]? {
        var found: [OpaquePointer?] = []
        for name in part.append.records.topics {
            var error = hub_kafka_error()
            guard let topic = topics[name] ?? hub_kafka_topic_open(pointer, name, &error) else {
                for index in part.indexes[part.sentCount...] { part.append.refuseForGood(index, KafkaError(error)) }
                part.sentCount = part.indexes.count
                return nil
            }
            topics[name] = topic
            found.append(topic)
        }
        return found
    }

    // MARK: Delivery reports

    private func take(_ event: ClientEvent) {
        if event.kind == HUB_KAFKA_EVENT_REPORTS { return takeReports(event) }
        guard event.kind == HUB_KAFKA_EVENT_ERROR, let error = event.error else { return }
        lastError = error
        if error.kind == .fatal { retire(error) }
    }

    private func takeReports(_ event: ClientEvent) {
        var last: AppendPart?
        var doubt: KafkaError?
        while true {
            let count = Int(hub_kafka_event_reports(event.raw, &reports, Int32(Self.reportCountMax)))
            if count == 0 { break }
            for report in reports[..<count] {
                let id = UInt32(truncatingIfNeeded: report.tag >> 32)
                if last?.append.id != id { last = open[id] }
                if let last, let error = take(report, of: last) { doubt = error }
            }
        }
        // A refused record may have been in one batch with others, whose order would be lost.
        if let doubt { retire(doubt) }
        if retirement != nil, open.isEmpty { close() }
    }

    /// - Returns: why the line must be retired, or nil.
    private func take(_ report: hub_kafka_report, of part: AppendPart) -> KafkaError? {
        let (append, index) = (part.append, Int32(truncatingIfNeeded: report.tag & 0xffff_ffff))
        var doubt: KafkaError?
        if report.code == 0 {
            lastError = nil
            if !unknownTopics.isEmpty { unknownTopics.found(append.records.topic(of: index)) }
            let offset = report.offset < 0 ? nil : report.offset
            append.settle(index, .accepted(partition: Int(report.partition), offset: offset))
        } else {
            let error = KafkaError(code: report.code)
            if !error.isRefusal {
                append.settle(index, .unconfirmed(retirement ?? error))
                if retirement == nil { doubt = error }
            } else if error.kind != .unknownTopic {
                append.settle(index, .refused(error))
            } else if isForGood(error, append.records.topic(of: index)) {
                append.refuseForGood(index, error)
            } else {
                append.settle(index, .unconfirmed(error))
                doubt = error
            }
        }
        part.openCount -= 1
        if part.openCount == 0, part.isSent { end(part) }
        return doubt
    }

    private func end(_ part: AppendPart) {
        open[part.append.id] = nil
        onEnd(part, retirement ?? KafkaError(.passing, "no delivery report arrived"))
    }

    // MARK: Retirement

    /// Accepts no more records, purges queued ones, and closes once librdkafka has reported on all of them.
    func retire(_ error: KafkaError) {
        guard retirement == nil else { return }
        retirement = error
        let parts = waiting
        waiting = []
        let untouched = parts.filter { part in
            if part.sentCount == 0 { return true }
            // After an unconfirmed record, no later record of its partition may be accepted.
            part.sentCount = part.indexes.count
            if part.openCount == 0 { end(part) }
            return false
        }
        if let pointer = client?.handle?.pointer { hub_kafka_purge(pointer) }
        onRetired(untouched, error)
        if open.isEmpty { return close() }
        purgeTimer = try? loop.schedule(after: purgeLimit) { [weak self] in self?.close() }
        if purgeTimer == nil { close() }
    }

    private func close() {
        guard retirement != nil else { return }
        purgeTimer?.cancel()
        purgeTimer = nil
        for part in open.values { end(part) }
        guard let client else { return }
        self.client = nil
        onClosed(client.close())
    }
}

extension KafkaError {
    /// The cause is the record, not a temporary condition.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .tooLarge, .unauthorized, .unknownTopic, .invalid, .unsupported: true
        default: false
        }
    }
}

extension KafkaRecords {
    /// The records as C structures, valid during the call.
    fileprivate func withC<Result>(
        tag: UInt32, _ topics: [OpaquePointer?], _ body: (hub_kafka_records) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            records.withUnsafeBufferPointer { records in
                headers.withUnsafeBufferPointer { headers in
                    topics.withUnsafeBufferPointer { topics in
                        body(
                            hub_kafka_records(
                                bytes: bytes.baseAddress, records: records.baseAddress, headers: headers.baseAddress,
                                topics: topics.baseAddress, tag: tag))
                    }
                }
            }
        }
    }
}
