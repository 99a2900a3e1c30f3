import HubTesting
import Testing

@Suite struct StartOrderTests {
    @Test func `the gateway opens when every service behind it is ready`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let order = hub.output.matches(of: /(\w+) +ready on port/).map { String($0.output.1) }
        #expect(order.count == 5 && order.last == "gateway", "\(order)")
        #expect(try await hub.stop() == [0])
    }
}
