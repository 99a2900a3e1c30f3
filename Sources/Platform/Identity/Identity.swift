public import Contracts

/// The identity behind a request. The gateway determines it and seals it into a header; services trust only that.
public enum Identity: Sendable, Hashable {
    /// Not logged in.
    case anonymous
    case user(UserID, role: Role, session: String)
    /// A service of the hub that calls another as itself.
    case service(ServiceName)

    public var userID: UserID? {
        if case .user(let id, _, _) = self { id } else { nil }
    }

    public var isAdministrator: Bool {
        if case .user(_, .admin, _) = self { true } else { false }
    }

    /// Whether the caller has the rights of a course's instructor: it is that instructor, and still has the role, or an administrator.
    public func mayTeach(as instructor: UserID) -> Bool {
        if case .user(instructor, .instructor, _) = self { true } else { isAdministrator }
    }
}

/// Who may call a route. The handler still checks what depends on data: own profile, own course.
public enum Access: Sendable, Hashable {
    /// With or without log-in.
    case anyone
    /// Any logged-in person.
    case user
    /// Users of one of these roles.
    case roles(Set<Role>)
    /// Only these services of the hub; never a person.
    case services(Set<ServiceName>)

    public static let admin = Access.roles([.admin])
    public static let instructor = Access.roles([.instructor, .admin])
    public static func service(_ names: ServiceName...) -> Access { .services(Set(names)) }
}
