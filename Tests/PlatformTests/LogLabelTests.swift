import Contracts
import Testing

@testable import Platform

@Suite struct LogLabelTests {
    @Test func `what a process shares speaks for its services, and that of all of them for the hub`() {
        #expect(HubParts.label(of: [.user]) == "user")
        #expect(HubParts.label(of: [.user, .auth]) == "user+auth")
        #expect(HubParts.label(of: ServiceName.all + [.registry, .sandbox]) == "hub")
        #expect(HubParts.label(of: []) == "hub")
    }
}
