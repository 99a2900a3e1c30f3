import Contracts
import Foundation
import HTTP
import HubTesting
import Mail
import Messaging
@testable import Notification
import Observability
import Platform
import Postgres
import ServiceTesting
import Testing

typealias NotificationHub = TestService<NotificationService>

extension TestService<NotificationService> {
    static let time = TestClock().now
    static let from = Mailbox("Learning Hub <hub@example.org>")

    var operations: Operations { service.operations }

    /// Mail is due by the clock on the wall, which goes on by itself.
    /// - Parameter transport: nil for the development mailbox.
    static func with(
        _ transport: (any MailTransport)? = nil, language: Language = .english, limits: MailLimits = .quick,
        _ body: @escaping @Sendable (NotificationHub) async throws -> Void
    ) async throws {
        let from = try #require(Self.from)
        try await with(
            clock: TestClock(Date(), goesOn: true),
            making: { make(transport, from: from, language: language, limits: limits, $0) }, body)
    }

    private static func make(
        _ transport: (any MailTransport)?, from: Mailbox, language: Language, limits: MailLimits,
        _ context: ServiceContext
    ) -> NotificationService {
        let sender = transport.map {
            MailSender(
                transport: $0, from: from, limits: limits, tasks: context.tasks, logger: context.logger,
                metrics: context.metrics)
        }
        return NotificationService(
            Operations(
                database: context.database, outbox: context.outbox, tasks: context.tasks, from: from,
                language: language, sender: sender, now: context.clock))
    }

    /// As an operator looks at them.
    var mails: Mails { Mails(database: database) { Date() } }

    /// Another process on the same data.
    func another(_ transport: any MailTransport, limits: MailLimits = .quick) async throws -> NotificationHub {
        let operations = operations
        return try await NotificationHub(on: database, clock: clock) {
            Self.make(transport, from: operations.from, language: operations.language, limits: limits, $0)
        }
    }

    // MARK: Events

    func register(
        _ user: UserID, _ id: EventID = .new, email: String = "ada@example.org", firstName: String = "Ada",
        lastName: String = "Lovelace", at time: Date = time, isReplay: Bool = false
    ) async throws {
        let event = UserRegistered(
            userID: user, email: email, firstName: firstName, lastName: lastName, role: .student, registeredAt: time)
        try await deliver(event, id: id, isReplay: isReplay)
    }

    func update(
        _ user: UserID, _ id: EventID = .new, email: String = "ada@example.org", role: Role = .student,
        changed: [String], at time: Date = time + 60
    ) async throws {
        try await deliver(Self.updated(user, email: email, role: role, changed: changed, at: time), id: id)
    }

    static func updated(
        _ user: UserID, email: String = "ada@example.org", role: Role = .student, changed: [String],
        at time: Date = time + 60
    ) -> UserUpdated {
        UserUpdated(
            userID: user, email: email, firstName: "Ada", lastName: "King", role: role, changedFields: changed,
            updatedAt: time)
    }

    func delete(_ user: UserID, _ id: EventID = .new) async throws {
        try await deliver(UserDeleted(userID: user, deletedAt: Self.time), id: id)
    }

    func award(_ user: UserID, milestone: Int?, _ id: EventID = .new) async throws {
        let event = PointsAwarded(
            awardID: .make(at: Self.time), userID: user, points: 50, rule: "sign-up", sourceEventID: .new,
            totalPoints: 120, milestone: milestone, awardedAt: Self.time)
        try await deliver(event, id: id)
    }

    func earn(_ user: UserID, badge: String = "POLYGLOT", _ id: EventID = .new) async throws {
        let event = BadgeEarned(
            awardID: .make(at: Self.time), userID: user, badgeCode: badge, badgeName: badge.capitalized,
            reason: "three languages", earnedAt: Self.time)
        try await deliver(event, id: id)
    }

    /// What the group that delivers mail is given.
    func post(_ mail: NotificationEmail, _ id: EventID = .new) async throws { try await deliver(mail, id: id) }

    /// Delivers the mails asked for so far, under event ids that follow from their order.
    func postAll() async throws {
        for mail in try await mails() { try await post(mail) }
    }

    static func mail(
        to address: String = "ada@example.org", user: UserID = .new, firstName: String = "Ada",
        lastName: String = "Lovelace", kind: String = "welcome", language: String = "en", subject: String = "Welcome"
    ) -> NotificationEmail {
        NotificationEmail(
            notificationID: .make(at: time), userID: user, to: address, subject: subject, template: kind,
            parameters: ["firstName": firstName, "lastName": lastName, "language": language], causeEventID: .new,
            createdAt: time)
    }

    static func price() throws -> Money { try #require(Money("49.99", .usd)) }

    static func completed(_ user: UserID, in course: CourseID = .new) -> EnrollmentCompleted {
        EnrollmentCompleted(
            enrollmentID: .make(at: time), userID: user, courseID: course, completedAt: time, finalScore: 92.5,
            duration: "30 days")
    }

    static func paid(_ user: UserID, _ payment: PaymentID = .make(at: time), for course: CourseID?) throws
        -> PaymentCompleted
    {
        PaymentCompleted(
            paymentID: payment, userID: user, courseID: course, amount: try price(), stripePaymentID: "pi_1",
            completedAt: time)
    }

    static func published(_ course: CourseID, _ title: String, by user: UserID, at date: Date = time) throws
        -> CoursePublished
    {
        CoursePublished(
            courseID: course, instructorID: user, title: title, category: "programming", price: try price(),
            lessonCount: 3,
            publishedAt: date)
    }

    static func created(_ course: CourseID, _ title: String, by user: UserID, at date: Date = time) throws
        -> CourseCreated
    {
        CourseCreated(
            courseID: course, instructorID: user, title: title, category: "programming", price: try price(),
            createdAt: date)
    }

    // MARK: What came of it

    /// The push messages asked for, in order.
    func pushes() async throws -> [NotificationPush] { try await published(NotificationPush.self).map(\.data) }

    /// The mails asked for, in order.
    func mails() async throws -> [NotificationEmail] { try await published(NotificationEmail.self).map(\.data) }

    func rowCount(_ table: String) async throws -> Int { try await count("select count(*) from \(quoted: table)") }

    /// Every cell of every table but the outbox, to look for what must not be there.
    func everything() async throws -> String {
        var text = ""
        for table in ["recipient", "notice", "waiting_notice", "delivery", "mailbox", "learner"] {
            let rows = try await database.query("select coalesce(jsonb_agg(t)::text, '') from \(quoted: table) t")
            text += try rows.first?.decode(String.self) ?? ""
        }
        return text
    }

    func delivery(_ event: EventID) async throws -> (state: String, attempts: Int, code: Int?)? {
        try await database.query("select state, attempts, smtp_code from delivery where event_id = \(event.rawValue)")
            .first?.decode(String.self, Int.self, Int?.self)
    }

    /// The steps of an event's journey that the service noted, as `kind name`, in order.
    func journal(_ event: EventID) async throws -> [String] {
        try await database.query("select kind, name from journal where event_id = \(event.rawValue) order by at").map {
            let (kind, name) = try $0.decode(String.self, String.self)
            return "\(kind) \(name)"
        }
    }

    func pushedAt(_ notice: NotificationID) async throws -> Date? {
        try await database.query("select pushed_at from notice where id = \(notice.rawValue)").first?
            .decode(Date?.self) ?? nil
    }

    func deliveryCount(_ state: DeliveryState) async throws -> Int {
        try await count("select count(*) from delivery where state = \(state.rawValue)")
    }

    // MARK: Routes

    func send(_ method: HTTPMethod, _ target: String, as user: UserID) async throws -> TestAnswer {
        try await send(method, target, as: .user(user, role: .student, session: "s"))
    }

    func get<Value: Decodable>(_ target: String, as user: UserID? = nil, _ type: Value.Type) async throws -> Value {
        let identity = user.map { Identity.user($0, role: .student, session: "s") } ?? .anonymous
        let answer = try await send(.get, target, as: identity)
        try #require(answer.status == 200)
        return try answer.decoded(as: type)
    }

    struct InboxBody: Decodable {
        struct Item: Decodable {
            let id, type, title, body, createdAt: String
            let readAt: String?
        }
        let items: [Item]
        let nextCursor: String?
        let unread: Int
    }

    func inbox(of user: UserID) async throws -> InboxBody {
        try await get("/notifications", as: user, InboxBody.self)
    }

    struct MailboxBody: Decodable {
        struct Item: Decodable {
            let id, to, subject, text, html, receivedAt, messageId: String
        }
        let items: [Item]
        let nextCursor: String?
    }

    func mailbox(_ query: String = "") async throws -> MailboxBody {
        try await get("/dev/mailbox\(query)", MailboxBody.self)
    }
}

extension UserID {
    static var new: UserID { .make(at: NotificationHub.time) }
}

extension CourseID {
    static var new: CourseID { .make(at: NotificationHub.time) }
}

extension EventID {
    static var new: EventID { .make(at: NotificationHub.time) }
}

extension MailLimits {
    /// For tests, which have no minutes to spare.
    static let quick: MailLimits = {
        var limits = MailLimits()
        limits.timeout = .seconds(120)
        limits.retryDelayBase = .milliseconds(20)
        limits.serverPauseMax = .milliseconds(200)
        return limits
    }()
}
