internal import Synchronization

/// Room for one kind of work, so that a flood of it keeps nothing else from being done: so many pieces at once, and in line behind
/// them no more than are done within a wait that callers bear. Who comes beyond that is refused at once, and told when to come back.
///
/// How far apart the ends of such work lie is measured while every place is taken; at other times that says how much was asked for,
/// not how much can be done.
public final class Bulkhead: Sendable {
    /// There is no room.
    public struct Full: Error, Sendable, Equatable {
        /// When there will be, as far as can be told; at least 1.
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
        /// From the end of one piece of work to the end of the next while every place is taken, a moving average.
        var pace: Duration
        /// The last end, or when every place was taken if that is later; nil while there are free places.
        var paceSince: ContinuousClock.Instant?

        mutating func note(end time: ContinuousClock.Instant) {
            guard let since = paceSince else { return }
            // A machine that pauses once is not that slow: the pace rises by a fifth at most with each end.
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
    ///   - inFlightMax: pieces of work at once.
    ///   - waitMax: no one is let in who would not be done by then.
    ///   - pace: from the end of one piece of work to the end of the next, until it has been measured.
    ///   - uptime: a clock that nobody sets.
    public init(
        inFlightMax: Int, waitMax: Duration = .seconds(2), pace: Duration,
        uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.inFlightMax = max(1, inFlightMax)
        self.waitMax = waitMax
        self.uptime = uptime
        state = Mutex(State(pace: pace))
    }

    /// Returns when there is a place, which the caller gives back with ``leave(isDone:)``.
    /// - Throws: ``Full`` at once when the line is too long, and later when it turns out to have been; `CancellationError`.
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

    /// Gives a place back, to whoever is next in line.
    /// - Parameter isDone: whether the work was done. What was broken off or refused elsewhere says nothing of how long work takes.
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

    /// Work under way, and in line for it.
    public var counts: (inFlight: Int, waiting: Int) { state.withLock { ($0.inFlightCount, $0.waiting.count) } }

    /// - Returns: false when there is no place, but room in the line.
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
            // Cancelled before it stood in line, where its cancellation would have found it.
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
