/// The severity of a log line.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, notice, warning, error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .notice: 2
        case .warning: 3
        case .error: 4
        }
    }
}

/// Writes log lines as JSON objects, one per line: `time`, `level`, `service`, `pid`, `message`, the ids of ``TraceContext/current``, and
/// metadata; on a terminal as text (``LogFormat``). Messages are constants, so that they can be searched for and contain no data; facts
/// belong in the metadata.
///
/// Logging never blocks: see ``LogWriter``.
public struct Logger: Sendable {
    public let label: String
    public let level: LogLevel
    private let sink: any LogSink
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - label: the name of the service.
    ///   - level: the minimum level.
    ///   - now: milliseconds since 1970.
    public init(
        label: String, level: LogLevel = .info, sink: any LogSink = LogWriter.standardError,
        now: @escaping @Sendable () -> Int64 = { WallClock.millisecondsSinceEpoch }
    ) {
        self.label = label
        self.level = level
        self.sink = sink
        self.now = now
    }

    public func debug(_ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.debug, message, metadata())
    }

    public func info(_ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.info, message, metadata())
    }

    public func notice(_ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.notice, message, metadata())
    }

    public func warning(_ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.warning, message, metadata())
    }

    public func error(_ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]) {
        log(.error, message, metadata())
    }

    /// Metadata is evaluated only when the line is written.
    public func log(
        _ level: LogLevel, _ message: StaticString, _ metadata: @autoclosure () -> [LogKey: LogValue] = [:]
    ) {
        guard level >= self.level else { return }
        let entry = LogEntry(
            atMs: now(), level: level, service: label, message: message, trace: TraceContext.current,
            metadata: metadata())
        sink.write(entry.line(as: sink.format))
    }

    /// Waits until all logged lines are written.
    public func flush() { sink.flush() }
}

/// The destination of log lines.
public protocol LogSink: Sendable {
    /// The format of the lines.
    var format: LogFormat { get }
    /// Takes a line that ends with a line feed. Must not block.
    func write(_ line: [UInt8])
    /// Waits, with a time limit, until the lines taken so far are written.
    func flush()
}

extension LogSink {
    public var format: LogFormat { .json }
}
