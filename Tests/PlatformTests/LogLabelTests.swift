import Contracts
import Testing

@testable import Platform

@Suite struct LogLabelTests {
    @Test func `shared log lines have the name of the services, or of the hub for all of them`() {
        #expect(HubParts.label(of: [.user]) == "user")
        #expect(HubParts.label(of: [.user, .auth]) == "user+auth")
        #expect(HubParts.label(of: ServiceName.all + [.registry, .sandbox]) == "hub")
        #expect(HubParts.label(of: []) == "hub")
    }
}
