internal import CProcess

/// A user of the operating system.
public struct SystemUser: Sendable {
    public let id: UInt32
    public let groupID: UInt32

    /// nil when there is no such user.
    public init?(named name: String) {
        var id: UInt32 = 0, groupID: UInt32 = 0
        guard hub_user_find(name, &id, &groupID) == 0 else { return nil }
        self.id = id
        self.groupID = groupID
    }
}
