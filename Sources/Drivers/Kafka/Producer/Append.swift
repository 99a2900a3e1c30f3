internal import EventLoop

/// One running call of ``KafkaProducer/append(_:within:)``.
// @unchecked: confined to the loop of its producer.
final class Append: @unchecked Sendable {
    let id: UInt32
    let records: KafkaRecords
    /// nil for a record without an outcome yet.
    private var outcomes: [KafkaOutcome?]
    /// Records a broker refused, possibly because of other records in the same batch.
    private var refused: [Int32] = []
    /// The number of parts that a line has not finished.
    var partCount = 0
    private var isSecondTry = false
    var deadline: Watch?
    private var continuation: CheckedContinuation<[KafkaOutcome], Never>?

    init(id: UInt32, records: KafkaRecords, _ continuation: CheckedContinuation<[KafkaOutcome], Never>) {
        self.id = id
        self.records = records
        self.continuation = continuation
        outcomes = Array(repeating: nil, count: records.count)
    }

    var isOver: Bool { continuation == nil }

    func settle(_ index: Int32, _ outcome: KafkaOutcome) {
        outcomes[Int(index)] = outcome
        if case .refused = outcome, !isSecondTry { refused.append(index) }
    }

    /// Refused before sending: a retry cannot succeed.
    func refuseForGood(_ index: Int32, _ error: KafkaError) { outcomes[Int(index)] = .refused(error) }

    /// The records to retry on their own; empty on later calls.
    func beginSecondTry() -> [Int32] {
        isSecondTry = true
        defer { refused = [] }
        for index in refused { outcomes[Int(index)] = nil }
        return refused.sorted()
    }

    /// Resumes the caller.
    /// - Parameter error: why the remaining records have no known outcome.
    func finish(_ error: KafkaError) {
        deadline?.cancel()
        deadline = nil
        continuation?.resume(returning: outcomes.map { $0 ?? .unconfirmed(error) })
        continuation = nil
    }
}

/// The records of an append that are sent on one line.
final class AppendPart {
    let append: Append
    let indexes: [Int32]
    /// How many have been passed to librdkafka or refused by it.
    var sentCount = 0
    /// How many delivery reports are pending.
    var openCount = 0

    init(_ append: Append, _ indexes: [Int32]) {
        self.append = append
        self.indexes = indexes
    }

    var isSent: Bool { sentCount == indexes.count }
}
