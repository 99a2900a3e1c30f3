/// A topic: where events of one type go, how many partitions hold them, how long, and who reads them.
public struct Topic: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let partitions: Int
    public let retentionDays: Int
    public let producer: ServiceName
    public let consumers: [ConsumerGroup]

    public init(
        name: String, partitions: Int, retentionDays: Int, producer: ServiceName, consumers: [ConsumerGroup] = []
    ) {
        self.name = name
        self.partitions = partitions
        self.retentionDays = retentionDays
        self.producer = producer
        self.consumers = consumers
    }

    public var description: String { name }

    /// The registry's subject for its messages (TopicNameStrategy).
    public var valueSubject: String { "\(name)-value" }
}

/// Consumers that share the work of reading: a service's name, or a worker of it such as `notification.email-sender`.
public struct ConsumerGroup: RawRepresentable, Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral rawValue: String) { self.rawValue = rawValue }
    public init(_ service: ServiceName) { self.init(rawValue: service.rawValue) }

    public var description: String { rawValue }

    /// The service the group belongs to.
    public var service: ServiceName { ServiceName(rawValue: String(rawValue.prefix { $0 != "." })) }

    public static func < (left: ConsumerGroup, right: ConsumerGroup) -> Bool { left.rawValue < right.rawValue }
}

extension ConsumerGroup {
    public static let user = ConsumerGroup(.user)
    public static let auth = ConsumerGroup(.auth)
    public static let course = ConsumerGroup(.course)
    public static let enrollment = ConsumerGroup(.enrollment)
    public static let payment = ConsumerGroup(.payment)
    public static let media = ConsumerGroup(.media)
    /// Turns uploads into renditions.
    public static let transcoder: ConsumerGroup = "media.transcoder"
    public static let notification = ConsumerGroup(.notification)
    /// Delivers mail.
    public static let emailSender: ConsumerGroup = "notification.email-sender"
    /// Delivers push messages.
    public static let pushSender: ConsumerGroup = "notification.push-sender"
    public static let content = ConsumerGroup(.content)
    public static let assessment = ConsumerGroup(.assessment)
    public static let review = ConsumerGroup(.review)
    public static let certificate = ConsumerGroup(.certificate)
    public static let gamification = ConsumerGroup(.gamification)
}
