/// What there is to send.
enum OutgoingRead {
    case copied(Int)
    case later
    case end
    /// The source failed: the message is broken off.
    case broken
}

/// The streamed body of a request on its way out: holds one chunk, taken by curl when the socket has room.
// @unchecked: touched on the loop of its message alone.
final class OutgoingBody: @unchecked Sendable {
    private var chunk: [UInt8] = []
    private var offset = 0
    private var end: OutgoingRead?
    private var isClosed = false
    private var writer: UnsafeContinuation<Void, Never>?
    /// curl was told to come back later and waits to be resumed.
    private var isAwaited = false
    /// Makes curl read again.
    private let onReadable: () -> Void

    init(onReadable: @escaping () -> Void) { self.onReadable = onReadable }

    /// Sends what `source` gives, each chunk once the one before is gone.
    func pump(from source: any HTTPBodySource) async {
        do throws(HTTPBodyError) {
            while !isClosed, let next = try await source.next() {
                if next.isEmpty || isClosed { continue }
                await write(next)
            }
            finish(with: .end)
        } catch {
            finish(with: .broken)
        }
    }

    /// The source failed.
    var didFail: Bool { if case .broken = end { true } else { false } }

    /// curl would send more and the source has not given it.
    var isStarved: Bool { isAwaited && end == nil }

    private func write(_ next: [UInt8]) async {
        await withUnsafeContinuation { continuation in
            // All of it here: between a call and its await others may run on the loop.
            if isClosed { return continuation.resume() }
            chunk = next
            offset = 0
            writer = continuation
            // curl may read at once, and be done with the chunk before this returns.
            signal()
        }
    }

    private func finish(with outcome: OutgoingRead) {
        end = outcome
        signal()
    }

    private func signal() {
        guard isAwaited else { return }
        isAwaited = false
        onReadable()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> OutgoingRead {
        let count = min(buffer.count, chunk.count - offset)
        guard count > 0 else {
            if let end { return end }
            isAwaited = true
            return .later
        }
        chunk.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        if offset == chunk.count { release() }
        return .copied(count)
    }

    /// The exchange is over: nothing is sent any more.
    func close() {
        isClosed = true
        release()
    }

    private func release() {
        chunk = []
        offset = 0
        writer?.resume()
        writer = nil
    }
}
