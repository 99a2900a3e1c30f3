@testable import Gateway
import Testing

@Suite struct BodyRoomTests {
    @Test func `bodies share the memory, and one network has a limited part of it`() {
        let room = BodyRoom(bytesMax: 100, bytesPerNetworkMax: 60)
        #expect(room.enter(60, "a"))
        #expect(!room.enter(1, "a"))
        #expect(room.enter(40, "b"))
        #expect(!room.enter(1, "c"))
        room.leave(60, "a")
        #expect(room.enter(60, "c"))
    }

    @Test func `the limits are 32 MiB for one network and 256 MiB in total`() {
        let room = BodyRoom(), ofOne = 32 * 1024 * 1024
        for network in 0..<8 {
            #expect(room.enter(ofOne, "\(network)"))
            #expect(!room.enter(1, "\(network)"))
        }
        #expect(!room.enter(1, "another"))
    }
}
