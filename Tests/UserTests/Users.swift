import Contracts
import Foundation
import HTTP
import ServiceTesting
import Platform
import Postgres

@testable import User

typealias Users = TestService<UserService>

extension TestService<UserService> {
    /// Hashes that cost next to nothing.
    static let cheap = ["HUB_PASSWORD_MEMORY_KIB": "8", "HUB_PASSWORD_ITERATIONS": "1"]
    static let password = "correct horse battery staple"

    static func with(_ body: @escaping @Sendable (Users) async throws -> Void) async throws {
        try await with(settings: cheap, body)
    }

    func register(_ email: String, password: String = Users.password, idempotencyKey: String? = nil) async throws
        -> TestAnswer
    {
        try await send(
            .post, "/auth/register",
            json: """
                {"email": "\(email)", "password": "\(password)", "firstName": "Ada", "lastName": "Lovelace"}
                """, fields: idempotencyKey.map { ["idempotency-key": $0] } ?? [:])
    }

    /// A registered person.
    func person(_ email: String = "ada@example.org") async throws -> UserID {
        try UserID(validating: try await register(email)["id"] ?? "")
    }

    func admin(_ email: String = "root@example.org") async throws -> UserID {
        try UserID(validating: try await service.operations.createAccount(email: email, password: Users.password))
    }

    func accountCount() async throws -> Int {
        try await count("select count(*) from account where erased_at is null")
    }
}

extension Identity {
    static func person(_ id: UserID, _ role: Role = .student) -> Identity { .user(id, role: role, session: "ses_1") }
}
