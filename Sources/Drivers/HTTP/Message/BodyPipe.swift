internal import Synchronization

/// Passes the chunks of a body from a producer on a loop to one reader on any thread.
///
/// The pipe does not block the producer: ``push(_:)`` returns whether the producer should stop its sender.
final class BodyPipe: Sendable {
    private let state = Mutex(State())
    private let bytesMax: Int
    /// Called on any thread when a paused producer may continue, or when the reader has gone.
    private let onRoom: @Sendable () -> Void

    fileprivate struct State {
        var chunks: [[UInt8]] = []
        var head = 0
        var byteCount = 0
        var end: End?
        var reader: ReadContinuation?
        var isHeld = false
        var isAbandoned = false
        var isCancelled = false
    }
    fileprivate enum End { case finished, failed(HTTPBodyError) }

    /// - Parameter isHeld: the producer starts paused, until the reader reads.
    init(bytesMax: Int, isHeld: Bool = false, onRoom: @escaping @Sendable () -> Void) {
        self.bytesMax = bytesMax
        state.withLock { $0.isHeld = isHeld }
        self.onRoom = onRoom
    }

    // MARK: The producer's side

    /// - Returns: false when the producer must wait for `onRoom` before the next push.
    func push(_ chunk: [UInt8]) -> Bool {
        let (reader, hasRoom) = state.withLock { state in
            if state.isAbandoned || state.end != nil { return (nil as ReadContinuation?, true) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            state.chunks.append(chunk)
            state.byteCount += chunk.count
            state.isHeld = state.byteCount >= bytesMax
            return (nil, !state.isHeld)
        }
        reader?.resume(returning: .success(chunk))
        return hasRoom
    }

    func finish() { end(.finished) }

    /// Chunks pushed before are still read; then the reader receives `error`.
    func fail(_ error: HTTPBodyError) { end(.failed(error)) }

    /// Whether the reader has gone.
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    fileprivate typealias ReadContinuation = UnsafeContinuation<Result<[UInt8]?, HTTPBodyError>, Never>

    private func end(_ end: End) {
        let reader = state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.reader = nil }
            return state.reader
        }
        switch end {
        case .finished: reader?.resume(returning: .success(nil))
        case .failed(let error): reader?.resume(returning: .failure(error))
        }
    }

    // MARK: The reader's side

    func next() async throws(HTTPBodyError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: ReadContinuation) in read(continuation) }
        } onCancel: {
            let reader = state.withLock { state in
                state.isCancelled = true
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: .failure(.cancelled))
        }
        return try result.get()
    }

    private func read(_ continuation: ReadContinuation) {
        let (result, mayGoOn) = state.withLock { state -> (Result<[UInt8]?, HTTPBodyError>?, Bool) in
            let chunk = state.takeChunk()
            let mayGoOn = state.isHeld && state.byteCount < bytesMax / 2
            if mayGoOn { state.isHeld = false }
            if let chunk { return (.success(chunk), mayGoOn) }
            switch state.end {
            case .finished: return (.success(nil), mayGoOn)
            case .failed(let error): return (.failure(error), mayGoOn)
            case nil: break
            }
            if state.isCancelled { return (.failure(.cancelled), mayGoOn) }
            precondition(state.reader == nil, "a body has one reader")
            state.reader = continuation
            return (nil, mayGoOn)
        }
        if mayGoOn { onRoom() }
        if let result { continuation.resume(returning: result) }
    }

    func abandon() {
        let wasHeld = state.withLock { state in
            state.isAbandoned = true
            state.chunks = []
            state.head = 0
            state.byteCount = 0
            defer { state.isHeld = false }
            return state.isHeld || state.end == nil
        }
        if wasHeld { onRoom() }
    }
}

extension BodyPipe.State {
    fileprivate mutating func takeChunk() -> [UInt8]? {
        guard head < chunks.count else { return nil }
        let chunk = chunks[head]
        chunks[head] = []
        head += 1
        byteCount -= chunk.count
        if head == chunks.count {
            chunks.removeAll(keepingCapacity: true)
            head = 0
        }
        return chunk
    }
}

/// Held by the reader: releasing it discards the rest of the body.
final class BodyPipeReader: HTTPBodySource {
    private let pipe: BodyPipe
    init(_ pipe: BodyPipe) { self.pipe = pipe }
    deinit { pipe.abandon() }
    func next() async throws(HTTPBodyError) -> [UInt8]? { try await pipe.next() }
}
