internal import EventLoop
internal import Synchronization

/// Batches concurrent calls: a single call is served at once; under load, more calls share a statement or a transaction.
///
/// The number of concurrent batches is limited; further calls go into the next batch.
final class Coalescer<Request: Sendable, Response: Sendable>: Sendable {
    /// Serves a batch: returns one result per request, in their order.
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
        /// Callers without a result.
        var callers: [UInt64: Answer] = [:]
        /// Running batches, by their first ticket.
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
    ///   - name: the name of the work in stall reports.
    ///   - loop: runs batches whose first caller is on no loop; other batches run on that caller's loop.
    ///   - batchesMax: the maximum number of concurrent batches, at least one; evaluated before each batch.
    ///   - weightMax: the maximum total weight of a batch; a single request always fits.
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

    /// Submits a request and waits for its result.
    ///
    /// A cancelled caller returns at once; a batch is cancelled when all its callers are.
    /// - Throws: the error of the request; `CancellationError`.
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
            // Checked here, because a later cancellation finds the caller registered.
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
            // Callers woken by the same event as the first one join its batch.
            await Task.yield()
            let serving = state.withLock { state -> (first: UInt64, task: Task<Results, any Error>)? in
                // The limit may have decreased; one batch keeps running to serve the waiting callers.
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
