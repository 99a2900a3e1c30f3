@testable import Gateway
import Testing

@Suite struct BodyRoomTests {
    @Test func `bodies share the room, and one network has no more than its part`() {
        let room = BodyRoom(bytesMax: 100, bytesPerNetworkMax: 60)
        #expect(room.enter(60, "a"))
        #expect(!room.enter(1, "a"))
        #expect(room.enter(40, "b"))
        #expect(!room.enter(1, "c"))
        room.leave(60, "a")
        #expect(room.enter(60, "c"))
    }

    @Test func `there is room for 32 MiB of one network and 256 of all`() {
        let room = BodyRoom(), ofOne = 32 * 1024 * 1024
        for network in 0..<8 {
            #expect(room.enter(ofOne, "\(network)"))
            #expect(!room.enter(1, "\(network)"))
        }
        #expect(!room.enter(1, "another"))
    }
}
