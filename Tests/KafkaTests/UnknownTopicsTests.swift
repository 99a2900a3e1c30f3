import HubTesting
@testable import Kafka
import Testing

/// When an unknown topic counts as missing: its records are refused then.
@Suite struct UnknownTopicsTests {
    private let clock = TestClock()

    private func topics() -> UnknownTopics { UnknownTopics(wait: .seconds(60), uptime: { [clock] in clock.uptime }) }

    @Test func `only a topic that is reported again and again for the whole time is missing`() {
        let topics = topics()
        for _ in 0..<6 {
            #expect(!topics.isMissing("t"))
            clock.advance(by: 10)
        }
        #expect(topics.isMissing("t") && !topics.isMissing("another"))
        topics.found("t")
        #expect(!topics.isMissing("t"))
    }

    @Test func `reports before and after an outage do not count together`() {
        let topics = topics()
        #expect(!topics.isMissing("t"))
        clock.advance(by: 61)
        #expect(!topics.isMissing("t"))
        clock.advance(by: 59)
        #expect(!topics.isMissing("t"))
    }
}
