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
