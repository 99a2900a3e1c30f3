internal import Synchronization

/// Limits one kind of work so that it cannot starve the rest: a fixed number of jobs run at once, and only as many wait as can finish
/// within the maximum wait. Further callers are refused at once with a time after which to retry.
///
/// The bulkhead measures the interval between completions only while every place is taken; otherwise the interval would measure demand,
/// not capacity.
public final class Bulkhead: Sendable {
    /// All places are taken and the queue is full.
    public struct Full: Error, Sendable, Equatable {
        /// The estimated number of seconds until there is a free place; at least 1.
        public let retryAfterSeconds: Int
    }

    /// However quickly work is done.
    private static let waitingCountMax = 1_000

    private struct Waiter {
        let id: UInt64
        let since: ContinuousClock.Instant
        let place: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var inFlightCount = 0
        var waiting: [Waiter] = []
        var lastID: UInt64 = 0
        /// The moving average of the time between two completions while every place is taken.
        var pace: Duration
        /// The time of the last completion, or the time at which the last free place was taken if that is later; nil while there are free
        /// places.
        var paceSince: ContinuousClock.Instant?

        mutating func note(end time: ContinuousClock.Instant) {
            guard let since = paceSince else { return }
            // One pause of the machine must not count as low capacity: each completion raises the average by a fifth at most.
            let gap = min(time - since, max(pace * 4, .milliseconds(1)))
            pace += (gap - pace) / 16
            paceSince = time
        }
    }

    private let inFlightMax: Int
    private let waitMax: Duration
    private let uptime: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - inFlightMax: how many jobs run at once.
    ///   - waitMax: a caller that would finish later than this is refused.
    ///   - pace: the assumed time between two completions, until it has been measured.
    ///   - uptime: a monotonic clock.
    public init(
        inFlightMax: Int, waitMax: Duration = .seconds(2), pace: Duration,
        uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.inFlightMax = max(1, inFlightMax)
        self.waitMax = waitMax
        self.uptime = uptime
        state = Mutex(State(pace: pace))
    }

    /// Waits for a free place. The caller releases it with ``leave(isDone:)``.
    /// - Throws: ``Full`` at once when the queue is too long, or later when the estimate turns out to be too low; `CancellationError`.
    public func enter() async throws {
        if try state.withLock({ try take(&$0) }) { return }
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in wait(id, continuation) }
        } onCancel: {
            withdraw(id)
        }
    }

    /// Releases a place to the first waiting caller.
    /// - Parameter isDone: whether the work completed. Cancelled or refused work does not count in the measured interval.
    public func leave(isDone: Bool) {
        let time = uptime()
        let (next, late) = state.withLock { state in
            if isDone { state.note(end: time) }
            let late = state.waiting.prefix { time - $0.since > waitMax * 2 }
            state.waiting.removeFirst(late.count)
            let next = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            if next == nil {
                state.inFlightCount -= 1
                state.paceSince = nil
            }
            return (next, late)
        }
        next?.place.resume()
        for waiter in late { waiter.place.resume(throwing: Full(retryAfterSeconds: 1)) }
    }

    /// The number of running and waiting jobs.
    public var counts: (inFlight: Int, waiting: Int) { state.withLock { ($0.inFlightCount, $0.waiting.count) } }

    /// - Returns: false when no place is free but the caller may wait.
    private func take(_ state: inout State) throws(Full) -> Bool {
        if state.inFlightCount < inFlightMax {
            state.inFlightCount += 1
            if state.inFlightCount == inFlightMax { state.paceSince = uptime() }
            return true
        }
        let doneAfter = state.pace * (state.inFlightCount + state.waiting.count + 1)
        guard doneAfter <= waitMax, state.waiting.count < Self.waitingCountMax else {
            throw Full(retryAfterSeconds: max(1, Int((doneAfter / .seconds(1)).rounded(.up))))
        }
        return false
    }

    private func wait(_ id: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            // The task was cancelled before it joined the queue, so the cancellation handler did not find it.
            if Task.isCancelled { return .failure(CancellationError()) }
            do throws(Full) {
                if try take(&state) { return .success(()) }
            } catch {
                return .failure(error)
            }
            state.waiting.append(Waiter(id: id, since: uptime(), place: continuation))
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func withdraw(_ id: UInt64) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiter?.place.resume(throwing: CancellationError())
    }
}
