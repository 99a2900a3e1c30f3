public import Contracts
public import Observability
internal import Synchronization

/// A circuit breaker: after consecutive failures it refuses requests at once, then admits one at a time as a trial.
public final class CircuitBreaker: Sendable {
    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        /// A trial request is running.
        case trying(since: ContinuousClock.Instant)
    }

    private let failureCountMax: Int
    private let pause: Duration
    private let state = Mutex(State.closed(failures: 0))

    /// - Parameters:
    ///   - failureCountMax: consecutive failures after which it opens.
    ///   - pause: how long it stays open before a trial.
    public init(failureCountMax: Int = 10, pause: Duration = .seconds(2)) {
        self.failureCountMax = failureCountMax
        self.pause = pause
    }

    /// - Returns: nil to send the request, else the seconds to wait before a retry.
    public func admit(at time: ContinuousClock.Instant) -> Int? {
        state.withLock { state in
            switch state {
            case .closed: return nil
            case .open(let end) where time < end: return Int(((end - time) / .seconds(1)).rounded(.up))
            // A trial whose client disconnected never reports; a new one may start after `pause`.
            case .trying(let start) where time - start < pause: return 1
            case .open, .trying:
                state = .trying(since: time)
                return nil
            }
        }
    }

    /// Exports the state as a metric; `lane` names the breaker.
    public func show(on metrics: Metrics, service: ServiceName, lane: String) {
        metrics.gauge(
            "hub_breaker_state",
            help:
                "Circuit breaker of calls to a service: 0 closed, calls are made; 1 half-open, one trial call; 2 open, calls fail at once.",
            labels: ["service": service.rawValue, "lane": lane]
        ) { [weak self] in
            self?.state.withLock { state in
                switch state {
                case .closed: 0
                case .trying: 1
                case .open: 2
                }
            } ?? 0
        }
    }

    /// The service answered, with any status.
    public func succeeded() { state.withLock { $0 = .closed(failures: 0) } }

    /// The service did not answer.
    public func failed(at time: ContinuousClock.Instant) {
        state.withLock { state in
            if case .closed(let failures) = state, failures + 1 < failureCountMax {
                state = .closed(failures: failures + 1)
            } else {
                state = .open(until: time + pause)
            }
        }
    }
}
