internal import EventLoop

/// One call of ``KafkaProducer/append(_:within:)`` under way.
// @unchecked: confined to the loop of its producer.
final class Append: @unchecked Sendable {
    let id: UInt32
    let records: KafkaRecords
    /// nil for a record nobody has told of yet.
    private var outcomes: [KafkaOutcome?]
    /// Refused by a broker, perhaps for the company they were in.
    private var refused: [Int32] = []
    /// Parts of it that a line has not finished.
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

    /// Refused before any broker saw it: nothing would come of a second try.
    func refuseForGood(_ index: Int32, _ error: KafkaError) { outcomes[Int(index)] = .refused(error) }

    /// The records to be tried alone now; none after that.
    func beginSecondTry() -> [Int32] {
        isSecondTry = true
        defer { refused = [] }
        for index in refused { outcomes[Int(index)] = nil }
        return refused.sorted()
    }

    /// Answers the caller.
    /// - Parameter error: why nobody can tell of the records nobody has told of.
    func finish(_ error: KafkaError) {
        deadline?.cancel()
        deadline = nil
        continuation?.resume(returning: outcomes.map { $0 ?? .unconfirmed(error) })
        continuation = nil
    }
}

/// The records of an append that travel on one line.
final class AppendPart {
    let append: Append
    let indexes: [Int32]
    /// So many of them have been handed to librdkafka, or refused by it…
    var sentCount = 0
    /// …and of so many the report is still to come.
    var openCount = 0

    init(_ append: Append, _ indexes: [Int32]) {
        self.append = append
        self.indexes = indexes
    }

    var isSent: Bool { sentCount == indexes.count }
}
