internal import CKafka
internal import EventLoop

/// One idempotent producer of librdkafka. It serves until an error or a deadline makes it unreliable: then it is retired, and what it
/// has not been acknowledged is unconfirmed.
// @unchecked: confined to the loop of its producer.
final class ProducerLine: @unchecked Sendable {
    private let loop: EventLoop
    private let purgeLimit: Duration
    private let unknownTopics: UnknownTopics
    private var client: Client?
    private var topics: [String: OpaquePointer] = [:]
    private var waiting: [AppendPart] = []
    /// Handed to librdkafka, at least in part, by the id of their append.
    private var open: [UInt32: AppendPart] = [:]
    private var reports = [hub_kafka_report](repeating: hub_kafka_report(), count: ProducerLine.reportCountMax)
    private(set) var retirement: KafkaError?
    private var purgeTimer: Watch?
    private var isResumeDue = false
    /// What the brokers said last; nil once a record was acknowledged.
    private(set) var lastError: KafkaError?

    /// All records of a part are accounted for, as far as they will be; the error is for the rest.
    var onEnd: (AppendPart, KafkaError) -> Void = { _, _ in }
    /// The line is retired; these parts it has not begun.
    var onRetired: (_ untouched: [AppendPart], KafkaError) -> Void = { _, _ in }
    /// Nothing is left of the line.
    var onClosed: (ClientEnd?) -> Void = { _ in }

    private static let reportCountMax = 512
    /// So many records are handed over before the loop's other work has its turn.
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
        // Reports make room once they are freed, which is when all events of a turn have been taken.
        client.onWake = { [weak self] in
            guard let self, !isResumeDue else { return }
            send()
        }
        send()
    }

    /// In place of ``begin(_:)`` when no client could be made: another one could not either.
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

    /// Takes a part back that has not been begun.
    /// - Returns: false when it has been.
    func withdraw(_ append: Append) -> Bool {
        if open[append.id] != nil { return false }
        waiting.removeAll { $0.append === append }
        return true
    }

    // MARK: Sending

    /// Hands over what waits, until librdkafka's memory is full: reports make room, and it goes on.
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

    /// - Returns: how many records were dealt with; nil when there is no room for more.
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

    /// Whether a refusal will stand: a topic that is unknown may be on its way to the brokers.
    private func isForGood(_ error: KafkaError, _ topic: String) -> Bool {
        error.kind != .unknownTopic || unknownTopics.isMissing(topic)
    }

    /// - Returns: nil when one has a name that no topic can have: then the rest of the part is refused.
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

    // MARK: Reports

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
        // In one batch with others it would be the end of their order.
        if let doubt { retire(doubt) }
        if retirement != nil, open.isEmpty { close() }
    }

    /// - Returns: why the line can take no more, if it cannot.
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
        onEnd(part, retirement ?? KafkaError(.passing, "no report came"))
    }

    // MARK: The end

    /// Takes no more records, gives up what was handed over, and closes once librdkafka has reported on it.
    func retire(_ error: KafkaError) {
        guard retirement == nil else { return }
        retirement = error
        let parts = waiting
        waiting = []
        let untouched = parts.filter { part in
            if part.sentCount == 0 { return true }
            // Behind a record that is unconfirmed no later one of its partition may be accepted.
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
    /// The record is to blame, not the moment.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .tooLarge, .unauthorized, .unknownTopic, .invalid, .unsupported: true
        default: false
        }
    }
}

extension KafkaRecords {
    /// The records as C has them, valid during the call.
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
