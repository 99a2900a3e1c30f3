/// A streamed response on its way out: holds one chunk, taken by the library when the socket has room.
// @unchecked: touched on the loop of its connection alone.
final class AnswerStream: @unchecked Sendable {
    private var chunk: [UInt8] = []
    private var offset = 0
    private var end: Int?
    private var isClosed = false
    private var writer: UnsafeContinuation<Void, Never>?
    /// The library waits, its connection suspended, until there is something to read.
    private var isAwaited = false
    /// Resumes the connection.
    private let onReadable: () -> Void

    init(onReadable: @escaping () -> Void) { self.onReadable = onReadable }

    /// Sends what `source` gives, each chunk once the one before is gone.
    func pump(from source: any HTTPBodySource, on exchange: Exchange) async {
        do throws(HTTPBodyError) {
            while !isClosed, let next = try await source.next() {
                if next.isEmpty || isClosed { continue }
                await write(next)
            }
            finish(with: ReadOutcome.end)
        } catch {
            finish(with: ReadOutcome.broken)
        }
    }

    private func write(_ next: [UInt8]) async {
        chunk = next
        offset = 0
        signal()
        await withUnsafeContinuation { writer = $0 }
    }

    private func finish(with outcome: Int) {
        end = outcome
        signal()
    }

    private func signal() {
        guard isAwaited else { return }
        isAwaited = false
        onReadable()
    }

    /// - Returns: how many bytes were copied, or a ``ReadOutcome``.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, chunk.count - offset)
        guard count > 0 else {
            if let end { return end }
            isAwaited = true
            return ReadOutcome.later
        }
        chunk.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        offset += count
        if offset == chunk.count { release() }
        return count
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
