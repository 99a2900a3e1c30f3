#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The format of log lines: JSON for programs, text for terminals.
public enum LogFormat: Sendable, Equatable {
    case json
    case text(isColoured: Bool)

    /// The format for a descriptor. Colour is used on terminals, unless `NO_COLOR` is set (https://no-color.org) or the terminal does not
    /// support it.
    init(of descriptor: Int32) {
        guard isatty(descriptor) == 1 else {
            self = .json
            return
        }
        self = .text(isColoured: Self.variable("NO_COLOR").isEmpty && Self.variable("TERM") != "dumb")
    }

    private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}

/// The content of a log line before formatting.
struct LogEntry {
    var atMs: Int64
    var level: LogLevel
    var service: String
    var message: StaticString
    var trace: TraceContext?
    var metadata: [LogKey: LogValue]

    func line(as format: LogFormat) -> [UInt8] {
        switch format {
        case .text(let isColoured): return TextLine(self, isColoured: isColoured).bytes
        case .json:
            var line = LogLine(millisecondsSinceEpoch: atMs, level: level, service: service, message: message)
            if let trace { line.append(trace) }
            line.append(metadata)
            return line.finish()
        }
    }
}
