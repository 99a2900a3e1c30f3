/// A version in the embedded registry, with its schema as text.
public struct StoredVersion: Equatable, Sendable {
    public let subject: String
    /// Counted from 1.
    public let version: Int32
    public let id: Int32
    /// In normal form, see `Schema.normalText`.
    public let text: String
    public let isDeleted: Bool
}

/// Whether deleted versions are included. They remain available on request until they are deleted permanently.
public enum DeletedVersions: Sendable {
    case hidden, shown
    /// Only deleted versions.
    case only

    var hidesLive: Bool { self == .only }
    var hidesDeleted: Bool { self == .hidden }
}

/// Selects a version.
public enum VersionChoice: Equatable, Sendable {
    case latest
    case number(Int32)
}

/// A page of a list.
public struct ListPage: Sendable {
    public let offset: Int64
    public let limit: Int64

    /// - Parameters:
    ///   - offset: how many items to skip.
    ///   - limit: the maximum number of items.
    public init(offset: Int64 = 0, limit: Int64 = .max) {
        self.offset = max(0, offset)
        self.limit = max(0, limit)
    }
}
