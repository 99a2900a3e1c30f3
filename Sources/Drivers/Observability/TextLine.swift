#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A log line for a terminal: `12:03:11.123Z WARNING user[4711] a service did not answer: name=course error=timedOut (req_…)`.
struct TextLine {
    private(set) var bytes: [UInt8] = []

    init(_ entry: LogEntry, isColoured: Bool) {
        var time: [UInt8] = []
        appendTimestamp(millisecondsSinceEpoch: entry.atMs, to: &time)
        let (begin, end) = isColoured ? (Self.colour(of: entry.level), "\u{1b}[0m") : ("", "")
        bytes += time.drop { $0 != UInt8(ascii: "T") }.dropFirst()
        let level = entry.level.rawValue.uppercased()
        bytes += " \(begin)\(level)\(end) \(Self.readable(entry.service))[\(getpid())] \(entry.message)".utf8
        var mark = ": "
        for (key, value) in entry.metadata.sorted(by: { $0.key.name < $1.key.name }) {
            bytes += "\(mark)\(key.name)=\(Self.text(of: value))".utf8
            mark = " "
        }
        if let trace = entry.trace { bytes += " (\(Self.readable(trace.correlationID)))".utf8 }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func colour(of level: LogLevel) -> String {
        switch level {
        case .error: "\u{1b}[1;31m"
        case .warning: "\u{1b}[33m"
        case .notice: "\u{1b}[36m"
        case .info, .debug: "\u{1b}[2m"
        }
    }

    private static func text(of value: LogValue) -> String {
        switch value {
        case .text(let text): text.contains(" ") ? "\"\(readable(text))\"" : readable(text)
        case .integer(let integer): integer.description
        case .number(let number): number.description
        case .flag(let flag): flag.description
        }
    }

    /// Removes characters that a terminal interprets, and truncates as the JSON format does.
    private static func readable(_ text: String) -> String {
        var shown = ""
        var room = LogLine.textBytesMax
        for scalar in text.unicodeScalars {
            room -= UTF8.width(scalar)
            if room < 0 { return shown + "…" }
            switch scalar {
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}
