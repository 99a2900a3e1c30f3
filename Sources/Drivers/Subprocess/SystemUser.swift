internal import CProcess

/// A user of the system that programs may run as.
public struct SystemUser: Sendable {
    public let id: UInt32
    public let groupID: UInt32

    /// Nil when there is none of that name.
    public init?(named name: String) {
        var id: UInt32 = 0, groupID: UInt32 = 0
        guard hub_user_find(name, &id, &groupID) == 0 else { return nil }
        self.id = id
        self.groupID = groupID
    }
}
