import Auth
import Contracts
import Dispatch
import EventLoop
@testable import Gateway
import HTTP
import HubTesting
import Platform
import Postgres
@testable import Secrets
import ServiceTesting
import Synchronization
import Testing
@testable import User

/// The gateway, auth and the user service in one process, each at its own door.
private struct Hub: Sendable {
    let users: TestService<UserService>
    let auth: TestService<AuthService>
    let gateway: TestGateway

    static func with(_ body: @escaping @Sendable (Hub) async throws -> Void) async throws {
        let clock = TestClock(), directory = ServiceDirectory()
        let cheap = ["HUB_PASSWORD_MEMORY_KIB": "8", "HUB_PASSWORD_ITERATIONS": "1"]
        try await TestService<UserService>.with(settings: cheap, clock: clock) { users in
            try await serving(users.router) { address in
                directory[.user] = address
                try await TestService<AuthService>.with(clock: clock, directory: directory) { auth in
                    try await serving(auth.router) { address in
                        directory[.auth] = address
                        let open = ["HUB_RATE_LIMITS": "off"]
                        try await TestService<GatewayService>.with(
                            settings: open, clock: clock, directory: directory
                        ) { gateway in
                            let door = try #require(gateway.service.door)
                            try await body(
                                Hub(users: users, auth: auth, gateway: TestGateway(service: gateway, door: door)))
                        }
                    }
                }
            }
        }
    }

    private static func serving(_ router: Router, _ body: (String) async throws -> Void) async throws {
        let server = HTTPServer(configuration: HTTPServerConfiguration(), loops: TestLoops.shared, router: router)
        let address = "http://127.0.0.1:\(try await server.start())"
        do {
            try await body(address)
        } catch {
            await server.drain(within: .zero)
            throw error
        }
        await server.drain(within: .seconds(5))
    }

    func post(_ target: String, _ json: String, from address: String = "192.0.2.1") async throws -> TestAnswer {
        let answer = await gateway.send(
            .post, target, fields: ["content-type": "application/json"], body: .text(json), from: address)
        return try await TestAnswer(answer)
    }

    /// - Returns: the access token of a person who has registered and logged in.
    func person() async throws -> String {
        let credentials = #""email": "ada@example.org", "password": "correct horse battery staple""#
        _ = try await post("/auth/register", #"{\#(credentials), "firstName": "Ada", "lastName": "Lovelace"}"#)
        return try #require(try await post("/auth/login", "{\(credentials)}")["accessToken"])
    }

    /// Runs `body` while every thread that hashes passwords is at work.
    func whileHashing(_ body: () async throws -> Void) async throws {
        let pool = users.service.operations.hasher.pool, held = DispatchSemaphore(value: 0), busy = Tally()
        let threads = (0..<PasswordHasher.threadCountDefault).map { _ in
            TestLoops.shared.next().start("a thread") {
                try await pool.run {
                    busy.add()
                    held.wait()
                }
            }
        }
        try await eventually { busy.value == threads.count }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        for _ in threads { held.signal() }
        for thread in threads { try await thread.value }
        try outcome.get()
    }
}

@Suite struct LogInFloodTests {
    @Test func `hundreds of log-ins wait or are refused, and other requests are not delayed`() async throws {
        try await Hub.with { hub in
            let token: HTTPFields = ["authorization": "Bearer \(try await hub.person())"]
            let statuses = Mutex<[Int: Int]>([:])
            let loop = TestLoops.shared.next()
            var flood: [Task<Void, any Error>] = []
            try await hub.whileHashing {
                flood = (0..<512).map { number in
                    loop.start("a log-in") {
                        let answer = try await hub.post(
                            "/auth/login", #"{"email": "person-\#(number)@example.org", "password": "a password"}"#,
                            from: "198.51.\(number / 250).\(number % 250)")
                        #expect(answer.status == 401 || answer.code == "too-busy")
                        #expect(answer.status == 401 || answer.fields["retry-after"] == "3")
                        statuses.withLock { $0[answer.status, default: 0] += 1 }
                    }
                }
                // 40 a second are done, as is reckoned before any are.
                try await eventually { statuses.withLock { $0[503] } == 432 }
                for target in ["/users/me", "/auth/sessions"] {
                    let answer = await hub.gateway.send(.get, target, fields: token)
                    #expect(answer.status == .ok)
                }
                // No log-in has ended yet, and only those that auth handles are counted.
                #expect(statuses.withLock { $0 } == [503: 432])
                try await eventually { try await hub.attempts() == 32 }
            }
            for logIn in flood { try await logIn.value }
            #expect(statuses.withLock { $0 } == [503: 432, 401: 80])
        }
    }
}

extension Hub {
    /// Failed or unchecked attempts: each is counted for its account and its place.
    fileprivate func attempts() async throws -> Int {
        try await auth.database.query("select count(*) / 2 from attempt_tally where failures > 0").first?
            .decode(Int.self) ?? -1
    }
}
