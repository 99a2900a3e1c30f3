import Foundation
import HubTesting
import Observability
import Testing

@Suite struct LoggerTests {
    let recorder = LogRecorder()

    func logger(level: LogLevel = .debug) -> Logger {
        Logger(label: "user", level: level, sink: recorder, now: { 1_769_903_999_123 })
    }

    @Test func `a line is one JSON object with time, level, service, message and facts in order`() {
        logger().info("account created", [.status: 201, .route: "/users", .durationMs: 1.5, LogKey("new"): true])
        #expect(
            recorder.lines == [
                #"{"time":"2026-01-31T23:59:59.123Z","level":"info","service":"user","pid":\#(getpid()),"#
                    + #""message":"account created","durationMs":1.5,"new":true,"route":"/users","status":201}"#
            ])
    }

    @Test func `a line has the correlation and trace ids`() throws {
        let header = try #require(Traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        let context = TraceContext(correlationID: "req_1", traceparent: header, causationID: "evt_1")
        TraceContext.$current.withValue(context) { logger().notice("effect") }
        #expect(
            recorder.lines.first?.contains(
                #""correlationId":"req_1","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","#
                    + #""spanId":"00f067aa0ba902b7","causationId":"evt_1""#) == true)
    }

    @Test(arguments: [
        "plain", "quote \" backslash \\", "line\nbreak\r\ttab", "\u{0}\u{1}\u{1f}\u{7f}\u{9b}31m", "\u{2028}\u{2029}",
        "Ana Sofía 学习 👩🏽‍🎓", "",
    ])
    func `any text is valid JSON in one line`(text: String) throws {
        logger().info("m", [.reason: .text(text)])
        let line = try #require(recorder.lines.first)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["reason"] as? String == text)
        #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test func `a long text is cut`() throws {
        logger().info("m", [.reason: .text(String(repeating: "ü", count: 10_000))])
        let line = try #require(recorder.lines.first)
        #expect(line.utf8.count < 4_400)
        #expect(line.hasSuffix("ü…\"}"))
    }

    @Test func `a number that JSON cannot represent is null`() {
        logger().info("m", [.durationMs: .number(.nan)])
        #expect(recorder.lines.first?.contains(#""durationMs":null"#) == true)
    }

    @Test func `below the level nothing is written and no metadata is computed`() {
        var made = 0
        func fact() -> LogValue {
            made += 1
            return "fact"
        }
        let logger = logger(level: .warning)
        logger.debug("a", [.reason: fact()])
        logger.info("b", [.reason: fact()])
        logger.notice("c", [.reason: fact()])
        #expect(recorder.lines.isEmpty && made == 0)
        logger.warning("d", [.reason: fact()])
        logger.error("e", [.reason: fact()])
        #expect(recorder.lines.count == 2 && made == 2)
    }

    @Test func `times are those of the calendar`() throws {
        var random = Repeatable(state: 1)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: -2_000_000_000...20_000_000_000, using: &random)
            let recorder = LogRecorder()
            Logger(label: "a", sink: recorder, now: { seconds * 1_000 + 7 }).info("m")
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
                .replacingOccurrences(of: ".000Z", with: ".007Z")
            #expect(recorder.lines.first?.hasPrefix(#"{"time":"\#(expected)","#) == true)
        }
    }
}
