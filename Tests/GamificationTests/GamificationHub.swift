import Contracts
import Foundation
@testable import Gamification
import HTTP
import HubTesting
import Messaging
import Observability
@testable import Platform
import Postgres
import SchemaRegistry
import Testing

/// The service on a database of its own, without a log: events go in by hand, and what it would publish is read from its outbox.
struct GamificationHub: Sendable {
    let database: Database
    let operations: Operations
    let codec: EventCodec
    private let seal: IdentitySeal
    private let router: Router

    static let time = Date(timeIntervalSince1970: 1_800_000_000)

    static func with(_ body: @escaping @Sendable (GamificationHub) async throws -> Void) async throws {
        let template = TestDatabase.Template(schema: "gamification", GamificationService.histories)
        try await TestDatabase.with(template) { test in
            try await body(try await GamificationHub(test.database))
        }
    }

    private init(_ database: Database) async throws {
        self.database = database
        codec = EventCodec(registry: InMemorySchemaRegistry())
        try await codec.prepare(EventCatalogue.all)
        operations = Operations(
            database: database, outbox: Outbox(service: .gamification, codec: codec, now: { Self.time }),
            now: { Self.time })
        seal = try IdentitySeal(secret: "a secret of enough bytes") { 0 }
        var routes = Routes(
            seal: seal, logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics(), keys: nil)
        GamificationService(operations).addRoutes(to: &routes)
        router = routes.router
    }

    /// As the consumer does, but without its inbox: what comes twice is the service's own business here.
    func deliver<E: Event>(
        _ event: E, _ id: EventID,
        to handler: @escaping @Sendable (Handlers, Received<E>, Transaction) async throws -> Void
    ) async throws {
        let envelope = Envelope(
            eventID: id, timestamp: Self.time, data: event,
            metadata: Metadata(correlationID: CorrelationID(checked: "req_1"), source: "test", traceID: "0"))
        let received = Received(envelope: envelope, position: LogPosition(TopicPartition(E.topic.name, 0), 0))
        let handlers = Handlers(operations: operations)
        try await database.transaction { tx in try await handler(handlers, received, tx) }
    }

    func register(_ user: UserID, _ id: EventID = .make(at: time)) async throws {
        let event = UserRegistered(
            userID: user, email: "ada@example.org", firstName: "Ada", lastName: "Lovelace", role: .student,
            registeredAt: Self.time)
        try await deliver(event, id) { try await $0.awardPointsOnUserRegistered($1, $2) }
    }

    func delete(_ user: UserID, _ id: EventID = .make(at: time)) async throws {
        try await deliver(UserDeleted(userID: user, deletedAt: Self.time), id) {
            try await $0.eraseLearnerOnUserDeleted($1, $2)
        }
    }

    func award(_ rule: RuleCode, to user: UserID, because source: EventID = .make(at: time)) async throws {
        try await database.transaction { tx in
            try await operations.award(rule, to: user, because: source, on: tx)
        }
    }

    /// A rule of the test's own.
    func addRule(_ code: String, points: Int, perDay: Int? = nil, isActive: Bool = true) async throws -> RuleCode {
        try await database.execute(
            """
            insert into rule (code, points, points_per_day_max, is_active, summary)
            values (\(code), \(points), \(perDay as Int?), \(isActive), 'of a test')
            """)
        return RuleCode(rawValue: code)
    }

    /// What would be published, in order.
    func published<E: Event>(_ type: E.Type) async throws -> [E] {
        let rows = try await database.query("select value from outbox where topic = \(E.topic.name) order by id")
        var events: [E] = []
        for row in rows { events.append(try await codec.decode(try row.decode([UInt8].self), as: E.self).data) }
        return events
    }

    func count(_ table: String) async throws -> Int {
        try await database.query("select count(*) from \(quoted: table)").first?.decode(Int.self) ?? -1
    }

    func get<Value: Decodable>(_ target: String, as user: UserID, _ type: Value.Type = Value.self) async throws -> Value
    {
        let response = await send(target, as: .user(user, role: .student, session: "s"))
        try #require(response.status == .ok)
        return try JSONDecoder().decode(type, from: Data(try await response.body.collect(bytesMax: 1 << 20)))
    }

    func send(_ target: String, as identity: Identity) async -> HTTPResponse {
        var fields = HTTPFields()
        fields[IdentitySeal.fieldName] = seal.header(for: identity, method: "GET", target: target)
        return await router.respond(to: HTTPRequest(.get, target, fields: fields))
    }
}

extension UserID {
    static var new: UserID { .make(at: GamificationHub.time) }
}
