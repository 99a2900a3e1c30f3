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
}
