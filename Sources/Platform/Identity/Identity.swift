public import Contracts

/// On whose behalf a request is made. The gateway finds out, seals it into a header, and services believe nothing else.
public enum Identity: Sendable, Hashable {
    /// Nobody is logged in.
    case anonymous
    case user(UserID, role: Role, session: String)
    /// A service of the hub that asks another on its own account.
    case service(ServiceName)

    public var userID: UserID? {
        if case .user(let id, _, _) = self { id } else { nil }
    }

    /// Whether the caller may do what the instructor of a course may: it is theirs, or they are an administrator.
    public func mayTeach(as instructor: UserID) -> Bool {
        if case .user(let id, let role, _) = self { role == .admin || id == instructor } else { false }
    }
}

/// Who may call a route. The handler still checks what depends on the data: whose profile, whose course.
public enum Access: Sendable, Hashable {
    /// With or without log-in.
    case anyone
    /// Any logged-in person.
    case user
    /// People of one of these roles.
    case roles(Set<Role>)
    /// Those of the hub's own services that are named; never a person.
    case services(Set<ServiceName>)

    public static let admin = Access.roles([.admin])
    public static let instructor = Access.roles([.instructor, .admin])
    public static func service(_ names: ServiceName...) -> Access { .services(Set(names)) }
}
