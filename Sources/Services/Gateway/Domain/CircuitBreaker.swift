internal import Synchronization

/// Spares a service that fails: after a row of failures requests are refused at once, then one at a time tries whether it is back.
final class CircuitBreaker: Sendable {
    private enum State {
        case closed(failures: Int)
        case open(untilMs: Int64)
        /// One request is on its way to find out.
        case trying(sinceMs: Int64)
    }

    private let failureCountMax: Int
    private let pauseMs: Int64
    private let state = Mutex(State.closed(failures: 0))

    init(failureCountMax: Int = 10, pauseMs: Int64 = 2_000) {
        self.failureCountMax = failureCountMax
        self.pauseMs = pauseMs
    }

    /// - Returns: nil when the request may go, else after how many seconds to try again.
    func admit(nowMs: Int64) -> Int? {
        state.withLock { state in
            switch state {
            case .closed: return nil
            case .open(let untilMs) where nowMs < untilMs: return Int((untilMs - nowMs + 999) / 1_000)
            // A trial that never reported back, because its client went away, must not keep the door shut.
            case .trying(let sinceMs) where nowMs - sinceMs < pauseMs: return 1
            case .open, .trying:
                state = .trying(sinceMs: nowMs)
                return nil
            }
        }
    }

    func succeeded() { state.withLock { $0 = .closed(failures: 0) } }

    func failed(nowMs: Int64) {
        state.withLock { state in
            if case .closed(let failures) = state, failures + 1 < failureCountMax {
                state = .closed(failures: failures + 1)
            } else {
                state = .open(untilMs: nowMs + pauseMs)
            }
        }
    }
}
