import HubTesting
@testable import Kafka
import Observability
import Testing

/// What of librdkafka's many lines is told.
@Suite struct ClusterLogTests {
    private let lines = LogRecorder()
    private let clock = TestClock()

    private func log() -> ClusterLog {
        ClusterLog(Logger(label: "test", sink: lines), uptime: { [clock] in clock.uptime })
    }

    private static let refused = "Connect to ipv4#127.0.0.1:9601 failed: Connection refused"

    @Test func `a broker that is down is a line for all clients, one with the count now and then, and one at the end`()
    {
        let log = log()
        func storm() {
            for client in 1...17 {
                let more = "(after 0ms in state CONNECT, \(client) identical error(s) suppressed)"
                for text in [
                    "[thrd:127.0.0.1:9601/bootstrap]: 127.0.0.1:9601/2: \(Self.refused) \(more)",
                    "GroupCoordinator: 127.0.0.1:9601: \(Self.refused) \(more)",
                    "[thrd:GroupCoordinator]: GroupCoordinator: \(Self.refused) \(more)",
                ] {
                    log.write(.warning, place: "FAIL", text: text)
                    log.write(.warning, place: "_TRANSPORT", text: text)
                }
            }
            log.write(.warning, place: "_ALL_BROKERS_DOWN", text: "3/3 brokers are down")
        }
        storm()
        #expect(lines.lines.count == 1, "\(lines.lines)")
        #expect(lines.lines[0].contains(#""reason":"Connection refused","url":"127.0.0.1:9601""#), "\(lines.lines[0])")
        clock.advance(by: 10)
        storm()
        // It is in the metadata until its session times out.
        log.answered(alive: ["127.0.0.1:9600", "127.0.0.1:9601"])
        #expect(lines.lines.count == 1, "\(lines.lines)")
        clock.advance(by: 20)
        storm()
        #expect(lines.lines.count == 2 && lines.lines[1].contains(#""count":204"#), "\(lines.lines)")
        log.answered(alive: ["127.0.0.1:9600"])
        clock.advance(by: 13)
        #expect(lines.lines.count == 2)
        log.answered(alive: ["127.0.0.1:9600", "127.0.0.1:9601"])
        #expect(lines.lines.count == 3 && lines.lines[2].contains("can be reached again"), "\(lines.lines)")
        log.answered(alive: ["127.0.0.1:9600", "127.0.0.1:9601"])
        #expect(lines.lines.count == 3)
    }

    @Test func `consumers that lose their session are a line for all, and one when all brokers are back`() {
        let log = log()
        log.write(.warning, place: "FAIL", text: "127.0.0.1:9601/2: \(Self.refused)")
        let reason = "Consumer group session timed out (in join-state steady) after 45010 ms"
        for _ in 1...13 { log.write(.warning, place: "SESSTMOUT", text: "[thrd:main]: \(reason)") }
        #expect(lines.lines.count == 2 && lines.lines.last?.contains(reason) == true, "\(lines.lines)")
        clock.advance(by: 13)
        log.answered(alive: ["127.0.0.1:9600"])
        #expect(lines.lines.count == 2, "\(lines.lines)")
        log.answered(alive: ["127.0.0.1:9600", "127.0.0.1:9601"])
        #expect(lines.lines.count == 4 && lines.lines[3].contains(#""count":13"#), "\(lines.lines)")
    }

    @Test func `a connection that ends is no outage, and other lines are limited`() {
        let log = log()
        log.write(.info, place: "FAIL", text: "[thrd:a:1/1]: a:1/1: Disconnected (after 600000ms in state UP)")
        #expect(lines.lines.isEmpty)
        log.write(.warning, place: "FAIL", text: "[thrd:a:1/1]: a:1/1: Disconnected while requesting ApiVersion: might")
        #expect(lines.lines.count == 1)
        for place in ["CONFWARN", "GETPID"] { log.write(.warning, place: place, text: "no news") }
        #expect(lines.lines.count == 1, "\(lines.lines)")
        for _ in 1...30 { log.write(.warning, place: "OFFSET", text: "not stored") }
        #expect(lines.lines.count == 21)
        clock.advance(by: 60)
        log.write(.warning, place: "OFFSET", text: "again")
        #expect(lines.lines.count == 23 && lines.lines[21].contains(#""count":10"#), "\(lines.lines.suffix(2))")
    }

    @Test(arguments: [
        (
            "[thrd:b-1.example.org:9092/bootstrap]: b-1.example.org:9092/bootstrap: Failed to resolve",
            "b-1.example.org:9092"
        ),
        ("[::1]:9092/1: Connect to ipv6#[::1]:9092 failed", "[::1]:9092"),
        ("ssl://x:9093/1: SSL handshake failed", "x:9093"),
        ("GroupCoordinator: Connect to ipv6#[::1]:9092 failed: Connection refused", "[::1]:9092"),
    ])
    func `the address of a broker is found`(text: String, address: String) {
        #expect(ClusterLog.failure(in: text)?.address == address)
    }

    @Test func `a failed call has the cause that the client reported`() {
        let call = KafkaError(.passing, "Local: Broker transport failure", code: "_TRANSPORT")
        let cause = KafkaError(
            .passing,
            "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused (after 0ms in state CONNECT)"
        )
        #expect(
            "\(call.caused(by: cause))"
                == "Kafka: a broker cannot be reached, 127.0.0.1:9: Connection refused (_TRANSPORT)")
        let silence = KafkaError(.timedOut, "no response within 2 s").caused(by: cause)
        #expect(silence.message == "no response within 2 s, last error: 127.0.0.1:9: Connection refused")
        #expect(call.caused(by: nil) == call)
    }

    @Test func `a text without a broker has no address`() {
        #expect(ClusterLog.failure(in: "3/3 brokers are down") == nil)
    }
}
