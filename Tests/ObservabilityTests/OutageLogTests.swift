import HubTesting
import Observability
import Testing

@Suite struct OutageLogTests {
    private let lines = LogRecorder()
    private let clock = TestClock()

    private func log() -> OutageLog {
        OutageLog(
            Logger(label: "test", sink: lines), level: .error, failing: "it is down", over: "it is back",
            uptime: { [clock] in clock.uptime })
    }

    @Test func `an outage is a line at its start, lines with the count, and a line at its end`() {
        let log = log()
        for number in 1...200 { log.failed([.offset: LogValue(number)]) }
        #expect(lines.lines.count == 1)
        #expect(lines.lines[0].contains("it is down") && lines.lines[0].contains(#""offset":1}"#))
        #expect(lines.lines[0].contains(#""level":"error""#))
        clock.advance(by: OutageLog.interval / .seconds(1))
        log.failed([.offset: 201])
        #expect(lines.lines.count == 2 && lines.lines[1].contains(#""count":200,"offset":201"#))
        clock.advance(by: 1)
        log.succeeded()
        #expect(lines.lines.count == 3)
        #expect(lines.lines[2].contains("it is back") && lines.lines[2].contains(#""count":201,"durationMs":31000.0"#))
        log.succeeded()
        #expect(lines.lines.count == 3)
    }

    @Test func `an outage of several keys ends when each of them works`() {
        let log = log()
        for key in ["a", "b", "c"] { log.failed([:], of: key) }
        log.succeeded(of: "a")
        log.succeeded(of: "d")
        clock.advance(by: 29)
        log.succeeded(of: "b")
        #expect(lines.lines.count == 1)
        log.succeeded(of: "c")
        #expect(lines.lines.count == 2)
    }

    @Test func `a key without new failures does not prolong an outage`() {
        let log = log()
        for key in ["a", "b"] { log.failed([:], of: key) }
        clock.advance(by: OutageLog.interval / .seconds(1))
        log.failed([:], of: "c")
        log.succeeded(of: "d")
        #expect(lines.lines.count == 2)
        log.succeeded(of: "c")
        #expect(lines.lines.count == 3 && lines.lines[2].contains("it is back"))
    }

    @Test func `a repeatedly starting outage writes no more lines than a lasting one`() {
        let log = log()
        for _ in 1...100 {
            log.failed([:])
            log.succeeded()
        }
        #expect(lines.lines.count == 2)
        clock.advance(by: OutageLog.interval / .seconds(1))
        log.failed([:])
        #expect(lines.lines.count == 3 && lines.lines[2].contains(#""count":100"#))
    }

    @Test func `a forgotten key does not count as recovered`() {
        let log = log()
        log.failed([:], of: "a")
        log.forget("a")
        #expect(lines.lines.count == 1)
        log.succeeded(of: "a")
        #expect(lines.lines.count == 1)
    }
}
