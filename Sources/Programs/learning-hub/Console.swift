internal import Avro

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What a command says to the person or program that called it: answers on standard output, complaints on standard error.
struct Console: Sendable {
    func line(_ text: String = "") { Self.write(text + "\n", to: STDOUT_FILENO) }

    func json(_ object: JSONTree) { line(object.compactText()) }

    /// Rows in columns under a header.
    func table(_ header: [String], _ rows: [[String]]) {
        for row in Columns.aligned([header] + rows) { line(row) }
    }

    func complaint(_ text: String) { Self.write("\(Program.name): \(text)\n", to: STDERR_FILENO) }

    /// Whether somebody sits there who can be asked.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks for a yes; nobody is there, no.
    func agrees(to question: String) -> Bool {
        guard Self.isInteractive else { return false }
        Self.write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// A line that is typed and not shown; nil at the end of the input, and where nobody sits.
    func secret(_ prompt: String) -> String? {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return nil }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // Before the prompt: what is typed from then on counts.
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        Self.write("\(prompt): ", to: STDERR_FILENO)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            Self.write("\n", to: STDERR_FILENO)
        }
        return readLine()
    }

    /// How many characters a line of the terminal has; of a file or a pipe as many as are read with ease.
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
                    // The reader has gone, as `head` does: there is nobody left to tell.
                    return
                }
            }
        }
    }
}
