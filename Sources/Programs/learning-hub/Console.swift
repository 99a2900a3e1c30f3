internal import Avro
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The output of a command: results on standard output, errors on standard error.
struct Console: Sendable {
    /// The error of the first failed write to standard output; 0 for none.
    private static let outputError = Atomic<Int32>(0)

    /// Whether the reader of standard output has closed it, as `head` does.
    static var outputIsClosed: Bool { outputError.load(ordering: .relaxed) == EPIPE }

    /// Why results were lost on the way to standard output; nil when all were written, or the reader wanted no more of them.
    static var outputFailure: String? {
        let error = outputError.load(ordering: .relaxed)
        return error == 0 || error == EPIPE ? nil : String(cString: strerror(error))
    }

    func line(_ text: String = "") { Self.write(text + "\n", to: STDOUT_FILENO) }

    func json(_ object: JSONTree) { line(object.compactText()) }

    /// Rows in columns under a header.
    func table(_ header: [String], _ rows: [[String]]) {
        for row in Columns.aligned([header] + rows) { line(row) }
    }

    func complaint(_ text: String) { Self.write("\(Program.name): \(text)\n", to: STDERR_FILENO) }

    /// Whether a person can answer prompts.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks for yes; no without a terminal.
    func agrees(to question: String) -> Bool {
        guard Self.isInteractive else { return false }
        Self.write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// Reads a line without echo; nil at the end of input or without a terminal.
    func secret(_ prompt: String) -> String? {
        guard let input = HiddenInput() else { return nil }
        Self.write("\(prompt): ", to: STDERR_FILENO)
        defer {
            input.end()
            Self.write("\n", to: STDERR_FILENO)
        }
        return readLine()
    }

    /// The width of the terminal in characters; a readable default for a file or a pipe.
    static var width: Int {
        var size = winsize()
        guard systemWindowSize(STDOUT_FILENO, &size) == 0, size.ws_col >= 20 else { return 100 }
        return Int(size.ws_col)
    }

    static var logIsATerminal: Bool { isatty(STDERR_FILENO) == 1 }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = systemWrite(descriptor, rest.baseAddress, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                } else if errno != EINTR, errno != EAGAIN {
                    if descriptor == STDOUT_FILENO {
                        _ = outputError.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
                    }
                    return
                }
            }
        }
    }
}

/// A terminal without echo. A signal that ends the program restores the echo first.
private struct HiddenInput {
    private let before: termios
    private let signals: SignalHandler

    /// nil without a terminal.
    init?() {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        self.before = before
        signals = SignalHandler(of: [SIGINT, SIGTERM, SIGHUP]) { [before] number in
            Self.set(before)
            _exit(128 + number)
        }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        Self.set(hidden)
    }

    func end() {
        Self.set(before)
        signals.end()
    }

    private static func set(_ state: termios) {
        var state = state
        // Discards what was typed before.
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &state)
    }
}
