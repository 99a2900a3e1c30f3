import Foundation
import HubTesting
import Observability
import Testing

/// What somebody sees who starts the hub at a terminal.
@Suite(.serialized) struct TerminalTests {
    /// Linux' TIOCSPTLCK and TIOCGPTN.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// What a logger writes to a pseudo-terminal.
    private func written(noColour: String?, _ body: (Logger) -> Void) throws -> String {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        defer { close(terminal) }
        var lock: Int32 = 0, number: Int32 = 0
        try #require(ioctl(terminal, Self.setLock, &lock) == 0 && ioctl(terminal, Self.getNumber, &number) == 0)
        let name = "/dev/pts/\(number)"
        let end = open(name, O_RDWR | O_NOCTTY)
        try #require(end >= 0)
        defer { close(end) }
        let before = getenv("NO_COLOR").map { String(cString: $0) }
        if let noColour { setenv("NO_COLOR", noColour, 1) } else { unsetenv("NO_COLOR") }
        defer { if let before { setenv("NO_COLOR", before, 1) } else { unsetenv("NO_COLOR") } }
        let writer = LogWriter(descriptor: end)
        body(Logger(label: "user", sink: writer, now: { 1_769_903_999_123 }))
        writer.flush()
        writer.close()
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(terminal, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func `a warning on a terminal is a coloured text line`() throws {
        let text = try written(noColour: nil) { $0.warning("a service did not answer", [.name: "course", .count: 3]) }
        #expect(
            text
                == "23:59:59.123Z \u{1b}[33mWARNING\u{1b}[0m user[\(getpid())] a service did not answer: count=3 name=course\r\n"
        )
    }

    @Test func `NO_COLOR disables colour`() throws {
        let text = try written(noColour: "1") { $0.error("mail failed", [.reason: "no such person"]) }
        #expect(text == "23:59:59.123Z ERROR user[\(getpid())] mail failed: reason=\"no such person\"\r\n")
    }

    @Test func `control characters are escaped`() throws {
        let text = try written(noColour: "1") { $0.error("m", [.reason: "\u{1b}[2J\n\u{9b}x"]) }
        #expect(text.hasSuffix("m: reason=\\u{1b}[2J\\u{a}\\u{9b}x\r\n"))
    }

    @Test func `a file gets JSON`() {
        #expect(LogRecorder().format == .json)
        var pipe: [Int32] = [0, 0]
        #expect(Foundation.pipe(&pipe) == 0)
        #expect(LogWriter(descriptor: pipe[1]).format == .json)
    }
}
