internal import EventLoop
internal import Synchronization

/// Serves calls that come at the same time together: a call by itself goes out at once, and the busier it gets the more of them share
/// a statement or a transaction.
///
/// So many batches are under way at a time; who comes when there is no room for one more goes into the next.
final class Coalescer<Request: Sendable, Response: Sendable>: Sendable {
    /// Serves a batch: one result for each request, in their order.
    typealias Serve = @Sendable (_ requests: [Request]) async -> [Result<Response, any Error>]

    private typealias Answer = CheckedContinuation<Response, any Error>
    private typealias Results = [Result<Response, any Error>]

    private struct Batch {
        var tickets: [UInt64] = []
        var requests: [Request] = []
        var serving: Task<Results, any Error>?
    }

    private struct State {
        var waiting: [(ticket: UInt64, request: Request)] = []
        /// Those who have not been answered yet.
        var callers: [UInt64: Answer] = [:]
        /// Under way, by their first ticket.
        var batches: [UInt64: Batch] = [:]
        var runnerCount = 0
        var nextTicket: UInt64 = 0
    }

    private let name: String
    private let loop: EventLoop
    private let batchesMax: @Sendable () -> Int
    private let weightMax: Int
    private let weigh: @Sendable (Request) -> Int
    private let serve: Serve
    private let state = Mutex(State())

    /// - Parameters:
    ///   - name: what the work is called when it holds its loop.
    ///   - loop: where a batch is served that begins with a call from no loop; others on the caller's.
    ///   - batchesMax: batches under way at once, at least one; asked before each.
    ///   - weightMax: what the requests of a batch weigh together at most; one always fits.
    init(
        _ name: String, on loop: EventLoop, batchesMax: @escaping @Sendable () -> Int = { 1 }, weightMax: Int,
        weigh: @escaping @Sendable (Request) -> Int = { _ in 1 }, serve: @escaping Serve
    ) {
        self.name = name
        self.loop = loop
        self.batchesMax = batchesMax
        self.weightMax = weightMax
        self.weigh = weigh
        self.serve = serve
    }

    /// Has a request served.
    ///
    /// A caller that is cancelled is let go at once; a batch is cancelled when nobody waits for any of it any more.
    /// - Throws: what serving the request failed with; `CancellationError`.
    func call(_ request: Request) async throws -> Response {
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            return state.nextTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer in enter(request, ticket, answer) }
        } onCancel: {
            letGo(ticket)
        }
    }

    private func enter(_ request: Request, _ ticket: UInt64, _ answer: Answer) {
        let (isCancelled, mustStart) = state.withLock { state in
            // Asked for here, since who is cancelled after this is found among the callers.
            if Task.isCancelled { return (true, false) }
            state.callers[ticket] = answer
            state.waiting.append((ticket, request))
            guard state.runnerCount < max(1, batchesMax()) else { return (false, false) }
            state.runnerCount += 1
            return (false, true)
        }
        if isCancelled { answer.resume(throwing: CancellationError()) }
        if mustStart {
            let loop = EventLoop.current ?? loop
            loop.start(self.name) { await self.run(on: loop) }
        }
    }

    private func letGo(_ ticket: UInt64) {
        let (answer, abandoned) = state.withLock { state in
            state.waiting.removeAll { $0.ticket == ticket }
            let answer = state.callers.removeValue(forKey: ticket)
            let batch = state.batches.values.first { $0.tickets.contains(ticket) }
            let isAbandoned = batch?.tickets.contains { state.callers[$0] != nil } == false
            return (answer, isAbandoned ? batch?.serving : nil)
        }
        abandoned?.cancel()
        answer?.resume(throwing: CancellationError())
    }

    private func run(on loop: EventLoop) async {
        while true {
            // Who was woken by the same thing as the first caller comes along.
            await Task.yield()
            let serving = state.withLock { state -> (first: UInt64, task: Task<Results, any Error>)? in
                // There may be less room than there was; the last one stays, for those who wait.
                if state.runnerCount > max(1, batchesMax()) {
                    state.runnerCount -= 1
                    return nil
                }
                var batch = takeBatch(&state)
                guard let first = batch.tickets.first else {
                    state.runnerCount -= 1
                    return nil
                }
                let task = loop.start(self.name) { [requests = batch.requests] in await self.serve(requests) }
                batch.serving = task
                state.batches[first] = batch
                return (first, task)
            }
            guard let serving else { return }
            let outcome = await serving.task.result
            let answers = state.withLock { state in
                (state.batches.removeValue(forKey: serving.first)?.tickets ?? []).map {
                    state.callers.removeValue(forKey: $0)
                }
            }
            for (index, answer) in answers.enumerated() { answer?.resume(with: outcome.flatMap { $0[index] }) }
        }
    }

    private func takeBatch(_ state: inout State) -> Batch {
        var batch = Batch()
        var weight = 0
        for (ticket, request) in state.waiting {
            weight += weigh(request)
            if weight > weightMax, !batch.tickets.isEmpty { break }
            batch.tickets.append(ticket)
            batch.requests.append(request)
        }
        state.waiting.removeFirst(batch.tickets.count)
        return batch
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
