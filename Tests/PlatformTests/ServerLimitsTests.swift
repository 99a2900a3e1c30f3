import Contracts
import HTTP
@testable import Platform
import Testing

@Suite struct ServerLimitsTests {
    @Test func `what the gateway lets in, a service takes with the fields the gateway adds`() {
        let door = ServerLimits.configuration(of: .gateway, descriptorsMax: 65_536)
        let service = ServerLimits.configuration(of: .user, descriptorsMax: 65_536)
        #expect(service.headerCountMax >= door.headerCountMax + 4)
        #expect(service.headerBytesMax >= door.headerBytesMax + 4_096)
    }

    @Test(arguments: [256, 1_024, 4_096, 65_536])
    func `clients never take all files and sockets of the process`(descriptorsMax: Int) {
        let limits = ServerLimits.configuration(of: .gateway, descriptorsMax: descriptorsMax)
        #expect(limits.connectionsMax <= max(descriptorsMax / 2, descriptorsMax - 2_048))
        #expect(limits.connectionsPerAddressMax * 2 <= limits.connectionsMax)
    }

    @Test func `a process has all the files and sockets it may have, and keeps them`() {
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
