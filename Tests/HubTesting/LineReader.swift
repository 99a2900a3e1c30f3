internal import Foundation

/// The lines of a pipe, read on a separate thread.
final class LineReader: Sendable {
    private let lines: AsyncStream<Data>

    init(_ handle: FileHandle) {
        let (stream, continuation) = AsyncStream.makeStream(of: Data.self)
        lines = stream
        Thread.detachNewThread {
            var rest = Data()
            while true {
                // Waits for some bytes; the reads that take a count wait for all of them.
                let more = handle.availableData
                if more.isEmpty { break }
                rest += more
                while let end = rest.firstIndex(of: 10) {
                    continuation.yield(Data(rest[..<end]))
                    rest = Data(rest[(end + 1)...])
                }
            }
            continuation.finish()
        }
    }

    func next() async throws -> Data {
        for await line in lines { return line }
        throw ServerEnded()
    }
}

private struct ServerEnded: Error, CustomStringConvertible {
    var description: String { "a server of the test has ended" }
}
