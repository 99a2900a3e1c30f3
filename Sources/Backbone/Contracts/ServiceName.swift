/// One of the services, by the name its events, its consumer group and its database schema carry.
public struct ServiceName: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }

    /// How an event names the service that wrote it: `user-service`.
    public var eventSource: String { "\(rawValue)-service" }

    public static func < (left: ServiceName, right: ServiceName) -> Bool { left.rawValue < right.rawValue }
}

extension ServiceName {
    public static let gateway: ServiceName = "gateway"
    public static let user: ServiceName = "user"
    public static let auth: ServiceName = "auth"
    public static let course: ServiceName = "course"
    public static let enrollment: ServiceName = "enrollment"
    public static let payment: ServiceName = "payment"
    public static let media: ServiceName = "media"
    public static let notification: ServiceName = "notification"
    public static let content: ServiceName = "content"
    public static let assessment: ServiceName = "assessment"
    public static let review: ServiceName = "review"
    public static let certificate: ServiceName = "certificate"
    public static let gamification: ServiceName = "gamification"
    /// Not one of the thirteen, which are the product, but started and served as they are.
    public static let registry: ServiceName = "registry"
    /// Stripe's API for trying things, as long as nobody has a key of Stripe's.
    public static let sandbox: ServiceName = "sandbox"

    /// The thirteen, in the order of their ports.
    public static let all: [ServiceName] = [
        .gateway, .user, .auth, .course, .enrollment, .payment, .media, .notification, .content, .assessment, .review,
        .certificate, .gamification,
    ]
}
