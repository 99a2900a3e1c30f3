import Foundation
import Observability
import Testing

@Suite struct LogWriterTests {
    @Test func `flush returns when every line is written`() throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "a", sink: writer)
        for index in 0..<100 { logger.info("line", [.count: LogValue(index)]) }
        logger.flush()
        writer.close()
        try pipe.fileHandleForWriting.close()
        #expect(try lines(of: pipe).count == 100)
    }

    @Test func `lines of many writers stay whole and each writer's in order`() async throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let reader = BackgroundReader(pipe)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let logger = Logger(label: "task-\(task)", sink: writer)
                    for index in 0..<1_000 { logger.info("line", [.count: LogValue(index)]) }
                }
            }
        }
        writer.close()
        try pipe.fileHandleForWriting.close()
        var next: [String: Int] = [:]
        for line in try await reader.lines() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let service = try #require(object["service"] as? String)
            #expect(object["count"] as? Int == next[service, default: 0])
            next[service, default: 0] += 1
        }
        #expect(next.values.allSatisfy { $0 == 1_000 } && next.count == 8)
        #expect(writer.droppedCount == 0)
    }

    @Test func `a blocked log reader loses lines, which are counted, and blocks no writer`() async throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, bufferBytesMax: 64 * 1_024)
        let logger = Logger(label: "a", sink: writer)
        // Far more than the pipe (64 KiB) and the buffer together hold. This loop would never end if writing waited.
        for index in 0..<20_000 { logger.info("line", [.count: LogValue(index)]) }
        let dropped = writer.droppedCount
        #expect(dropped > 10_000)
        let reader = BackgroundReader(pipe)
        writer.flush()
        logger.info("afterwards")
        writer.close()
        try pipe.fileHandleForWriting.close()
        let lines = try await reader.lines()
        let notices = lines.filter { $0.contains("log lines were dropped") }
        let counts = notices.compactMap { $0.firstMatch(of: /"count":(\d+)/).flatMap { Int($0.output.1) } }
        #expect(counts.reduce(0, +) == dropped)
        #expect(lines.count - notices.count + dropped == 20_001)
        #expect(lines.last?.contains("afterwards") == true)
    }

    @Test(.timeLimit(.minutes(1))) func `a closed log reader does not block flush`() throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "a", sink: writer)
        for index in 0..<3_000 { logger.info("line", [.count: LogValue(index)]) }
        writer.flush()
        // Lets the thread end: its write fails once nobody can read any more.
        signal(SIGPIPE, SIG_IGN)
        try pipe.fileHandleForReading.close()
        writer.close()
    }

    private func lines(of pipe: Pipe) throws -> [Substring] {
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }
}

/// Reads a pipe to its end on a thread of its own: tests that wait for the writer must not keep it from reading.
private final class BackgroundReader: Sendable {
    private let outcome: AsyncStream<Result<[Substring], any Error>>

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        let (stream, continuation) = AsyncStream.makeStream(of: Result<[Substring], any Error>.self)
        outcome = stream
        Thread.detachNewThread {
            continuation.yield(
                Result {
                    let data = try handle.readToEnd() ?? Data()
                    return String(decoding: data, as: UTF8.self).split(separator: "\n")
                })
            continuation.finish()
        }
    }

    func lines() async throws -> [Substring] {
        for await outcome in outcome { return try outcome.get() }
        return []
    }
}
