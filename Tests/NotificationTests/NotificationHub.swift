import Contracts
import Foundation
import HTTP
import HubTesting
import Mail
import Messaging
@testable import Notification
import Observability
@testable import Platform
import Postgres
import SchemaRegistry
import Testing

/// The service on a database of its own, without a log: events go in by hand, and what it would publish is read from its outbox.
struct NotificationHub: Sendable {
    let database: Database
    let operations: Operations
    let codec: EventCodec
    private let seal: IdentitySeal
    private let router: Router

    static let time = Date(timeIntervalSince1970: 1_800_000_000)
    static let from = Mailbox("Learning Hub <hub@example.org>")

    /// - Parameter transport: nil for the development mailbox.
    static func with(
        _ transport: (any MailTransport)? = nil, language: Language = .english, limits: MailLimits = .quick,
        _ body: @escaping @Sendable (NotificationHub) async throws -> Void
    ) async throws {
        let template = TestDatabase.Template(schema: "notification", NotificationService.histories)
        try await TestDatabase.with(template) { test in
            try await body(try await NotificationHub(test.database, transport, language, limits))
        }
    }

    private init(
        _ database: Database, _ transport: (any MailTransport)?, _ language: Language, _ limits: MailLimits
    ) async throws {
        self.database = database
        codec = EventCodec(registry: InMemorySchemaRegistry())
        try await codec.prepare(EventCatalogue.all)
        let from = try #require(Self.from)
        let logger = Logger(label: "test", sink: LogRecorder())
        let sender = transport.map {
            MailSender(
                transport: $0, from: from, database: database, loops: TestLoops.shared, limits: limits, logger: logger,
                metrics: Metrics(), now: { Date() })
        }
        operations = Operations(
            database: database, outbox: Outbox(service: .notification, codec: codec), from: from, language: language,
            sender: sender, now: { Date() })
        seal = try IdentitySeal(secret: "a secret of enough bytes") { 0 }
        var routes = Routes(seal: seal, logger: logger, metrics: Metrics(), keys: nil)
        NotificationRoutes(operations: operations).add(to: &routes)
        router = routes.router
    }

    /// Another process on the same data.
    func another(_ transport: any MailTransport, limits: MailLimits = .quick) -> MailSender {
        MailSender(
            transport: transport, from: operations.from, database: database, loops: TestLoops.shared, limits: limits,
            logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics(), now: { Date() })
    }

    // MARK: Events

    /// As the consumer does, but without its inbox: what comes twice is the service's own business here.
    func deliver<E: Event>(
        _ event: E, _ id: EventID, isReplay: Bool = false,
        to handler: @escaping @Sendable (Handlers, Received<E>, Transaction) async throws -> Void
    ) async throws {
        let envelope = Envelope(
            eventID: id, timestamp: Self.time, data: event,
            metadata: Metadata(correlationID: CorrelationID(checked: "req_1"), source: "test", traceID: "0"))
        let received = Received(
            envelope: envelope, position: LogPosition(TopicPartition(E.topic.name, 0), 0), isReplay: isReplay)
        let handlers = Handlers(operations: operations)
        try await database.transaction { tx in try await handler(handlers, received, tx) }
    }

    func register(
        _ user: UserID, _ id: EventID = .new, email: String = "ada@example.org", firstName: String = "Ada",
        lastName: String = "Lovelace", at time: Date = time
    ) async throws {
        let event = UserRegistered(
            userID: user, email: email, firstName: firstName, lastName: lastName, role: .student, registeredAt: time)
        try await deliver(event, id) { try await $0.sendWelcomeOnUserRegistered($1, $2) }
    }

    func update(
        _ user: UserID, _ id: EventID = .new, email: String = "ada@example.org", role: Role = .student,
        changed: [String], at time: Date = time + 60
    ) async throws {
        let event = UserUpdated(
            userID: user, email: email, firstName: "Ada", lastName: "King", role: role, changedFields: changed,
            updatedAt: time)
        try await deliver(event, id) { try await $0.alertOnUserUpdated($1, $2) }
    }

    func delete(_ user: UserID, _ id: EventID = .new) async throws {
        try await deliver(UserDeleted(userID: user, deletedAt: Self.time), id) {
            try await $0.eraseRecipientOnUserDeleted($1, $2)
        }
    }

    func award(_ user: UserID, milestone: Int?, _ id: EventID = .new) async throws {
        let event = PointsAwarded(
            awardID: .make(at: Self.time), userID: user, points: 50, rule: "sign-up", sourceEventID: .new,
            totalPoints: 120, milestone: milestone, awardedAt: Self.time)
        try await deliver(event, id) { try await $0.tellMilestoneOnPointsAwarded($1, $2) }
    }

    func earn(_ user: UserID, badge: String = "POLYGLOT", _ id: EventID = .new) async throws {
        let event = BadgeEarned(
            awardID: .make(at: Self.time), userID: user, badgeCode: badge, badgeName: badge.capitalized,
            reason: "three languages", earnedAt: Self.time)
        try await deliver(event, id) { try await $0.tellAchievementOnBadgeEarned($1, $2) }
    }

    /// What the group that delivers mail is given.
    func post(_ mail: NotificationEmail, _ id: EventID = .new, isReplay: Bool = false) async throws {
        try await deliver(mail, id, isReplay: isReplay) { try await $0.sendMailOnNotificationEmail($1, $2) }
    }

    /// Delivers the mails asked for so far, under event ids that follow from their order.
    func postAll() async throws {
        for mail in try await published() { try await post(mail) }
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

    // MARK: What came of it

    /// The mails asked for, in order.
    func published() async throws -> [NotificationEmail] {
        let topic = NotificationEmail.topic.name
        var events: [NotificationEmail] = []
        for row in try await database.query("select value from outbox where topic = \(topic) order by id") {
            events.append(try await codec.decode(try row.decode([UInt8].self), as: NotificationEmail.self).data)
        }
        return events
    }

    func count(_ table: String) async throws -> Int {
        try await database.query("select count(*) from \(quoted: table)").first?.decode(Int.self) ?? -1
    }

    /// Every cell of every table but the outbox, to look for what must not be there.
    func everything() async throws -> String {
        var text = ""
        for table in ["recipient", "notice", "waiting_notice", "delivery", "mailbox"] {
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

    func deliveryCount(_ state: DeliveryState) async throws -> Int {
        try await database.query("select count(*) from delivery where state = \(state.rawValue)").first?
            .decode(Int.self) ?? -1
    }

    // MARK: Routes

    func send(_ method: HTTPMethod = .get, _ target: String, as user: UserID? = nil) async -> HTTPResponse {
        let identity = user.map { Identity.user($0, role: .student, session: "s") } ?? .anonymous
        var fields = HTTPFields()
        fields[IdentitySeal.fieldName] = seal.header(for: identity, method: method.rawValue, target: target)
        return await router.respond(to: HTTPRequest(method, target, fields: fields))
    }

    func get<Value: Decodable>(_ target: String, as user: UserID? = nil, _ type: Value.Type) async throws -> Value {
        let response = await send(.get, target, as: user)
        try #require(response.status == .ok)
        return try JSONDecoder().decode(type, from: Data(try await response.body.collect(bytesMax: 1 << 20)))
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
            let to, subject, text, html, receivedAt, messageId: String
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

extension EventID {
    static var new: EventID { .make(at: NotificationHub.time) }
}

extension MailLimits {
    /// For tests, which have no minutes to spare.
    static let quick: MailLimits = {
        var limits = MailLimits()
        limits.timeout = .seconds(120)
        limits.pollInterval = .milliseconds(20)
        limits.retryDelayBase = .milliseconds(20)
        limits.serverPauseMax = .milliseconds(200)
        return limits
    }()
}
