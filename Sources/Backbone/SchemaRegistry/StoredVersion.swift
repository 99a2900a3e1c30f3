/// A version as the embedded registry keeps it: its schema as text.
public struct StoredVersion: Equatable, Sendable {
    public let subject: String
    /// From 1.
    public let version: Int32
    public let id: Int32
    /// In normal form, see `Schema.normalText`.
    public let text: String
    public let isDeleted: Bool
}

/// Whether deleted versions are seen. What is deleted stays for those who ask for it, until it is deleted permanently.
public enum DeletedVersions: Sendable {
    case hidden, shown
    /// They alone.
    case only

    var hidesLive: Bool { self == .only }
    var hidesDeleted: Bool { self == .hidden }
}

/// Which version is meant.
public enum VersionChoice: Equatable, Sendable {
    case latest
    case number(Int32)
}

/// A part of a list.
public struct ListPage: Sendable {
    public let offset: Int64
    public let limit: Int64

    /// - Parameters:
    ///   - offset: how many items to pass over.
    ///   - limit: how many to give at most.
    public init(offset: Int64 = 0, limit: Int64 = .max) {
        self.offset = max(0, offset)
        self.limit = max(0, limit)
    }
}
