import Contracts
import Foundation
@testable import Gamification
import HTTP
import HubTesting
import Messaging
import Platform
import Postgres
import ServiceTesting
import Testing

typealias GamificationHub = TestService<GamificationService>

extension TestService<GamificationService> {
    static let time = TestClock().now

    var operations: Operations { service.operations }

    func register(_ user: UserID, _ id: EventID = .make(at: time)) async throws {
        try await deliver(Self.registered(user), id: id)
    }

    static func registered(_ user: UserID) -> UserRegistered {
        UserRegistered(
            userID: user, email: "ada@example.org", firstName: "Ada", lastName: "Lovelace", role: .student,
            registeredAt: time)
    }

    func delete(_ user: UserID, _ id: EventID = .make(at: time)) async throws {
        try await deliver(UserDeleted(userID: user, deletedAt: Self.time), id: id)
    }

    /// Something of no kind in particular that a learner did.
    func reward(
        _ user: UserID, _ kind: Occasion.Kind = .quiz, subject: String = EventID.make(at: time).rawValue,
        percent: Double? = nil, because source: EventID = .make(at: time)
    ) async throws {
        let occasion = Occasion(kind: kind, userID: user, subject: subject, percent: percent)
        try await database.transaction { tx in try await operations.reward(occasion, because: source, on: tx) }
    }

    /// A rule of the test's own, instead of those there are for occasions of the kind.
    func setRule(
        _ code: String, on kind: Occasion.Kind = .quiz, points: Int, perDay: Int? = nil, isActive: Bool = true
    ) async throws {
        try await database.execute("update rule set is_active = false where occasion = \(kind.rawValue)")
        try await database.execute(
            """
            insert into rule (code, occasion, points, points_per_day_max, is_active, summary)
            values (\(code), \(kind.rawValue), \(points), \(perDay as Int?), \(isActive), 'of a test')
            """)
    }

    /// The published points of a learner: rules and points, in order.
    func awards(of user: UserID) async throws -> [String] {
        try await published(PointsAwarded.self).map(\.data).filter { $0.userID == user }.map {
            "\($0.rule) \($0.points)"
        }
    }

    /// The published badges, in order.
    func badges(of user: UserID) async throws -> [String] {
        try await published(BadgeEarned.self).map(\.data).filter { $0.userID == user }.map(\.badgeCode)
    }

    /// The learner's points from the ledger, checked against their row.
    func total(of user: UserID) async throws -> Int {
        let ledger = try await count(
            "select coalesce(sum(points), 0) from points_award where user_id = \(user.rawValue)")
        let standing = try await operations.standing(of: user).points
        #expect(ledger == standing)
        return standing
    }

    func rowCount(_ table: String) async throws -> Int { try await count("select count(*) from \(quoted: table)") }

    func get<Value: Decodable>(_ target: String, as user: UserID, _ type: Value.Type = Value.self) async throws -> Value
    {
        let answer = try await send(.get, target, as: .learner(user))
        try #require(answer.status == 200)
        return try answer.decoded(as: type)
    }
}

extension Identity {
    static func learner(_ user: UserID) -> Identity { .user(user, role: .student, session: "s") }
}

extension UserID {
    static var new: UserID { .make(at: GamificationHub.time) }
}

extension EnrollmentID {
    static var new: EnrollmentID { .make(at: GamificationHub.time) }
}

extension CourseID {
    static var new: CourseID { .make(at: GamificationHub.time) }
}
