import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import ServiceTesting
import Platform
import Postgres
import Secrets
import Testing
import Synchronization
import User

@testable import Auth

/// Blocks an operation while the test does something else.
final class Hold: Sendable {
    private let state = Mutex((isReached: false, hasEnded: false))

    var isReached: Bool { state.withLock { $0.isReached } }
    func end() { state.withLock { $0.hasEnded = true } }

    func wait() async {
        state.withLock { $0.isReached = true }
        try? await eventually { state.withLock { $0.hasEnded } }
    }
}

/// Auth and the user service, each on its own database, with a real connection between them.
struct LogInWorld: Sendable {
    static let password = "correct horse battery staple"

    let auth: TestService<AuthService>
    let users: TestService<UserService>
    /// The user service's door.
    let server: HTTPServer
    var clock: TestClock { auth.clock }

    /// - Parameter onVerified: runs when the user service has looked at credentials, before its answer is known.
    static func with(
        settings: [String: String] = [:], onVerified: @escaping @Sendable () async -> Void = {},
        _ body: @escaping @Sendable (LogInWorld) async throws -> Void
    ) async throws {
        let clock = TestClock(), directory = ServiceDirectory()
        let cheap = ["HUB_PASSWORD_MEMORY_KIB": "8", "HUB_PASSWORD_ITERATIONS": "1"]
        try await TestService<UserService>.with(settings: cheap, clock: clock) { users in
            var router = users.router
            router.wrap { request, next in
                let answer = await next(request)
                if request.path == "/internal/credentials/verify" { await onVerified() }
                return answer
            }
            let server = HTTPServer(
                configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: router)
            directory[.user] = "http://127.0.0.1:\(try await server.start())"
            try await TestService<AuthService>.with(settings: settings, clock: clock, directory: directory) { auth in
                try await body(LogInWorld(auth: auth, users: users, server: server))
            }
            await server.drain(within: .seconds(5))
        }
    }

    /// A registered person.
    func person(_ email: String = "ada@example.org") async throws -> UserID {
        let answer = try await users.send(
            .post, "/auth/register",
            json: """
                {"email": "\(email)", "password": "\(Self.password)", "firstName": "Ada", "lastName": "Lovelace"}
                """)
        return try UserID(validating: answer["id"] ?? "")
    }

    func admin() async throws -> UserID {
        try UserID(
            validating: try await users.service.operations.createAccount(
                email: "root@example.org", password: Self.password))
    }

    func logIn(
        _ email: String = "ada@example.org", _ password: String = LogInWorld.password,
        from address: String = "192.0.2.1", device: String? = nil
    ) async throws -> TestAnswer {
        let deviceToken = device.map { #", "deviceToken": "\#($0)""# } ?? ""
        return try await auth.send(
            .post, "/auth/login", json: #"{"email": "\#(email)", "password": "\#(password)"\#(deviceToken)}"#,
            fields: ["x-forwarded-for": address, "user-agent": "Browser/1"])
    }

    /// The statuses of wrong guesses, one after the other.
    func guess(
        _ email: String = "ada@example.org", times count: Int = 1, from address: String = "192.0.2.1",
        device: String? = nil
    ) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<count {
            statuses.append(try await logIn(email, "another password", from: address, device: device).status)
        }
        return statuses
    }

    func refresh(_ token: String?) async throws -> TestAnswer {
        try await auth.send(.post, "/auth/refresh", json: #"{"refreshToken": "\#(token ?? "")"}"#)
    }

    func logOut(_ token: String?) async throws -> TestAnswer {
        try await auth.send(.post, "/auth/logout", json: #"{"refreshToken": "\#(token ?? "")"}"#)
    }

    /// The claims of an access token, verified with the published keys as in the gateway.
    func claims(_ answer: TestAnswer) async throws -> TokenClaims {
        let published = try await auth.send(.get, "/.well-known/jwks.json")
        guard let keys = VerifyingKeys(json: Array(published.body)) else { throw TokenError.unknownKey }
        return try TokenVerifier(issuer: AccessToken.issuer, audience: AccessToken.audience)
            .verify(answer["accessToken"] ?? "", keys: keys, now: clock.now)
    }

    func openSessionCount() async throws -> Int {
        try await count("select count(*) from session where end_reason is null")
    }

    /// How many statements on auth's database wait for an advisory lock.
    func waitingForLocks() async throws -> Int {
        try await count(
            """
            select count(*) from pg_locks join pg_database on pg_database.oid = database
            where datname = current_database() and locktype = 'advisory' and not granted
            """)
    }

    func count(_ sql: SQL) async throws -> Int { try await auth.count(sql) }
}
