import Contracts
import HTTP
@testable import Platform
import Testing

@Suite struct ServerLimitsTests {
    @Test func `a service accepts every request of the gateway with its additional fields`() {
        let door = ServerLimits.configuration(of: .gateway, descriptorsMax: 65_536)
        let service = ServerLimits.configuration(of: .user, descriptorsMax: 65_536)
        #expect(service.headerCountMax >= door.headerCountMax + 4)
        #expect(service.headerBytesMax >= door.headerBytesMax + 4_096)
    }

    @Test(arguments: [256, 1_024, 4_096, 65_536])
    func `clients cannot use up the descriptors of the process`(descriptorsMax: Int) {
        let limits = ServerLimits.configuration(of: .gateway, descriptorsMax: descriptorsMax)
        #expect(limits.connectionsMax <= max(descriptorsMax / 2, descriptorsMax - 2_048))
        #expect(limits.connectionsPerAddressMax * 2 <= limits.connectionsMax)
    }

    @Test func `the processes of a hub may all be at one address`() {
        let limits = ServerLimits.configuration(of: .media, descriptorsMax: 65_536)
        #expect(limits.connectionsPerAddressMax == limits.connectionsMax)
    }

    @Test func `a process raises its descriptor limit to the maximum`() {
        let count = ServerLimits.raiseDescriptors()
        #expect(count > 0)
        #expect(ServerLimits.raiseDescriptors() == count)
    }

    @Test func `trusted proxies are addresses and ranges, and nothing else`() {
        #expect(TrustedProxies(settingText: "10.0.0.0/8, fd00::1")?.ranges.count == 2)
        for text in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8/9", "1.2.3"] {
            #expect(TrustedProxies(settingText: text) == nil, "\(text)")
        }
    }
}
