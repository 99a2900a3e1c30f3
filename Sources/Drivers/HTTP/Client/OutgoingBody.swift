/// The result of asking for more bytes to send.
enum OutgoingRead {
    case copied(Int)
    case later
    case end
    /// The source failed: the message is aborted.
    case broken
}

/// The streamed body of an outgoing request. It holds one chunk, which curl takes when the socket is writable.
// @unchecked: accessed on the loop of its message only.
final class OutgoingBody: @unchecked Sendable {
    private var chunk: [UInt8] = []
    private var offset = 0
    private var end: OutgoingRead?
    private var isClosed = false
    private var writer: UnsafeContinuation<Void, Never>?
    /// curl paused the transfer and waits to be resumed.
    private var isAwaited = false
    /// Resumes curl's reading.
    private let onReadable: () -> Void

    init(onReadable: @escaping () -> Void) { self.onReadable = onReadable }

    /// Sends the chunks of `source`, each after the previous one was sent.
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

    /// curl can send more, but the source has no chunk ready.
    var isStarved: Bool { isAwaited && end == nil }

    private func write(_ next: [UInt8]) async {
        await withUnsafeContinuation { continuation in
            // No await in this section: other code of the loop could run in between.
            if isClosed { return continuation.resume() }
            chunk = next
            offset = 0
            writer = continuation
            // curl may read at once and finish the chunk before this call returns.
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

    /// The exchange ended: nothing more is sent.
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
