public import Observability
internal import Synchronization

/// Stores log lines in memory for tests.
public final class LogRecorder: LogSink {
    private let recorded = Mutex<[String]>([])

    public init() {}

    /// The lines so far, each without its line feed.
    public var lines: [String] { recorded.withLock { $0 } }

    public func write(_ line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        recorded.withLock { $0.append(text) }
    }

    public func flush() {}
}
