internal import Synchronization

/// How many transactions of a consumer may be under way at once.
///
/// Transactions that lock the same rows in different orders wait for each other until the server ends one of them, which it does after a
/// second. Where that happened it happens again, since the same people are in the next batches too; so for a while they go one by one.
final class TransactionRoom: Sendable {
    private let countMax: Int
    private let rest: Duration
    private let restEnd = Mutex<ContinuousClock.Instant?>(nil)

    init(countMax: Int, rest: Duration) {
        self.countMax = countMax
        self.rest = rest
    }

    /// How many may be under way now.
    var count: Int {
        restEnd.withLock { end in
            guard let restEnd = end else { return countMax }
            if ContinuousClock.now < restEnd { return 1 }
            end = nil
            return countMax
        }
    }

    /// Two transactions waited for each other, and the server ended one of them.
    func noteConflict() { restEnd.withLock { $0 = .now + rest } }
}
