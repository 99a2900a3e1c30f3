import Contracts
import Foundation
@testable import Gamification
import HTTP
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
