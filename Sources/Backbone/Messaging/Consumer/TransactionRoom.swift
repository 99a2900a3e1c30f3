internal import Synchronization

/// Limits how many transactions of a consumer run concurrently.
///
/// Transactions that lock the same rows in different orders deadlock, and the server rolls one back after one second
/// (`deadlock_timeout`). Consecutive batches often contain events of the same users, so after a deadlock the transactions run one at a
/// time for a while.
final class TransactionRoom: Sendable {
    private let countMax: Int
    private let rest: Duration
    private let restEnd = Mutex<ContinuousClock.Instant?>(nil)

    init(countMax: Int, rest: Duration) {
        self.countMax = countMax
        self.rest = rest
    }

    /// The current limit.
    var count: Int {
        restEnd.withLock { end in
            guard let restEnd = end else { return countMax }
            if ContinuousClock.now < restEnd { return 1 }
            end = nil
            return countMax
        }
    }

    /// Two transactions deadlocked, and the server rolled one back.
    func noteConflict() { restEnd.withLock { $0 = .now + rest } }
}
