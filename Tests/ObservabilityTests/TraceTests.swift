import Observability
import Testing

@Suite struct TraceTests {
    static let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a traceparent is read and written the same`() throws {
        let trace = try #require(Traceparent(Self.header))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.spanID == "00f067aa0ba902b7")
        #expect(trace.sampled)
        #expect(trace.description == Self.header)
        #expect(Traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")?.sampled == false)
    }

    @Test(arguments: [
        "", "00", "00-", header + "-", header + "-extra", header + " ", " " + header, header.uppercased(),
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + String(repeating: "a", count: 600),
    ])
    func `what the standard does not allow is no traceparent`(header: String) {
        #expect(Traceparent(header) == nil)
    }

    @Test func `a later version of traceparent is read and written as version 00`() {
        let later = "cc" + Self.header.dropFirst(2)
        #expect(Traceparent(later)?.description == Self.header)
        #expect(Traceparent(later + "-what-comes-later")?.description == Self.header)
    }

    @Test func `a child context keeps trace, correlation and cause, with a new span`() {
        var context = TraceContext.root()
        context.causationID = "evt_1"
        let child = context.child()
        #expect(child.correlationID == context.correlationID)
        #expect(child.causationID == "evt_1")
        #expect(child.traceparent.traceID == context.traceparent.traceID)
        #expect(child.traceparent.spanID != context.traceparent.spanID)
        #expect(context.caused(by: "evt_2").causationID == "evt_2")
    }

    @Test func `well-formed ids of a request are kept`() {
        let context = TraceContext.request(correlationID: "req_abc-1.2", traceparent: Self.header)
        #expect(context.correlationID == "req_abc-1.2")
        #expect(context.traceparent.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.traceparent.spanID != "00f067aa0ba902b7")
    }

    @Test(arguments: ["", "a b", "a\r\nX: y", "ü", String(repeating: "a", count: 65), "a\"b", "<script>"])
    func `a harmful correlation id is replaced`(id: String) {
        let context = TraceContext.request(correlationID: id, traceparent: "nonsense")
        #expect(context.correlationID.hasPrefix("req_"))
        #expect(context.correlationID.utf8.count == 36)
    }

    @Test func `fresh correlation ids sort by time and are UUIDs of version 7`() {
        var random = SystemRandomNumberGenerator()
        let times: [Int64] = [0, 1, 1_000, 1_700_000_000_000, 1_700_000_000_001, 281_474_976_710_655]
        let ids = times.map { TraceContext.root(millisecondsSinceEpoch: $0, using: &random).correlationID }
        #expect(ids == ids.sorted())
        for id in ids {
            let digits = Array(id.dropFirst(4))
            #expect(digits[12] == "7")
            #expect("89ab".contains(digits[16]))
        }
        #expect(ids[3].hasPrefix("req_018bcfe56800"))
    }

    @Test func `the same random source gives the same ids`() {
        var first = Repeatable(state: 7)
        var second = Repeatable(state: 7)
        #expect(
            TraceContext.root(millisecondsSinceEpoch: 5, using: &first)
                == TraceContext.root(millisecondsSinceEpoch: 5, using: &second))
    }

    @Test func `a trace context reaches only child tasks`() async {
        let context = TraceContext.root()
        await TraceContext.$current.withValue(context) {
            async let inChild = TraceContext.current
            #expect(await inChild == context)
        }
        #expect(TraceContext.current == nil)
    }
}

/// Chance that can be repeated: splitmix64.
struct Repeatable: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
