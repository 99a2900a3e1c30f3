import Contracts
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Platform
import Postgres
import Secrets
import ServiceTesting
import Synchronization
import Testing

@testable import Certificate

/// The certificate service, with other services that respond as the test requires.
struct CertificateHub: Sendable {
    static let time = TestClock().now

    let certificates: TestService<CertificateService>
    let others: Others
    var clock: TestClock { certificates.clock }
    var objects: any ObjectStore { certificates.context.objects }

    static func with(
        settings: [String: String] = [:], objects: (@Sendable (any ObjectStore) -> any ObjectStore)? = nil,
        _ body: @escaping @Sendable (CertificateHub) async throws -> Void
    ) async throws {
        let others = Others(), directory = ServiceDirectory()
        let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: others.router)
        let address = ServiceDirectory.url(host: "127.0.0.1", port: try await server.start())
        (directory[.user], directory[.course]) = (address, address)
        try await TestService<CertificateService>.with(settings: settings, directory: directory) { certificates in
            try await body(CertificateHub(certificates: certificates, others: others))
        }
        await server.drain(within: .seconds(5))
    }

    /// A course that was completed, and the certificate of it.
    func issue(_ completion: EnrollmentCompleted) async throws -> (id: CertificateID, code: String) {
        try await certificates.deliver(completion)
        try await certificates.runTasks()
        return try await issued(to: completion.userID)
    }

    func issued(to user: UserID) async throws -> (id: CertificateID, code: String) {
        let item = try #require(try await list(of: user).items.first)
        return (
            try CertificateID(validating: try #require(item["id"] as? String)), try #require(item["code"] as? String)
        )
    }

    func list(of user: UserID) async throws -> TestAnswer {
        try await certificates.send(.get, "/certificates", as: .student(user))
    }

    func file(_ id: CertificateID, as identity: Identity) async throws -> TestAnswer {
        try await certificates.send(.get, "/certificates/\(id)/pdf", as: identity)
    }

    func verify(_ code: String, accept: String = "application/json") async throws -> TestAnswer {
        try await certificates.send(.get, "/certificates/verify/\(code)", fields: ["accept": accept])
    }

    func correct(_ id: CertificateID, _ name: String, as user: UserID) async throws -> TestAnswer {
        try await certificates.send(
            .put, "/certificates/\(id)/name", as: .student(user), json: #"{"name": "\#(name)"}"#)
    }

    func revoke(_ id: CertificateID, as identity: Identity = .administrator()) async throws -> TestAnswer {
        try await certificates.send(.put, "/certificates/\(id)/revocation", as: identity, json: "{}")
    }

    func erase(_ user: UserID) async throws {
        try await certificates.deliver(UserDeleted(userID: user, deletedAt: clock.now))
    }

    /// The status of the answer whether a person was erased.
    func told(_ user: UserID) async throws -> Int {
        try await certificates.send(.get, "/internal/erasures/\(user)", as: .service(.user)).status
    }

    /// The names of the files there are.
    func files() async throws -> [String] {
        try await objects.list(prefix: "certificates/", after: nil, countMax: 100).map(\.key.text)
    }

    /// The responses of user and course.
    final class Others: Sendable {
        struct Answers: Sendable {
            var firstName: String? = "Ada"
            var lastName: String? = "Lovelace"
            var locale = "en"
            var title = "Distributed Systems"
            var isDown = false
        }
        let answers = Mutex(Answers())

        func set(_ change: (inout Answers) -> Void) { answers.withLock { change(&$0) } }

        var router: Router {
            var router = Router()
            router.add(.get, "/internal/users/{id}") { [self] _ in
                answer {
                    ["firstName": $0.firstName, "lastName": $0.lastName, "locale": $0.locale, "status": "ACTIVE"]
                }
            }
            router.add(.get, "/internal/courses/{id}") { [self] _ in answer { ["title": $0.title] } }
            return router
        }

        private func answer(_ make: (Answers) -> [String: String?]) -> HTTPResponse {
            let answers = answers.withLock { $0 }
            if answers.isDown { return HTTPResponse(.serviceUnavailable, fields: ["retry-after": "1"]) }
            return (try? .ok(make(answers))) ?? HTTPResponse(.internalServerError)
        }
    }
}

extension EnrollmentCompleted {
    static func of(_ user: UserID, score: Double? = 93.5) -> EnrollmentCompleted {
        EnrollmentCompleted(
            enrollmentID: .make(at: CertificateHub.time), userID: user, courseID: .make(at: CertificateHub.time),
            completedAt: CertificateHub.time, finalScore: score, duration: "30 days")
    }
}

extension Identity {
    static func student(_ id: UserID) -> Identity { .user(id, role: .student, session: "ses_1") }
    static func administrator() -> Identity { .user(.new, role: .admin, session: "ses_1") }
}

extension UserID {
    static var new: UserID { .make(at: CertificateHub.time) }
}
