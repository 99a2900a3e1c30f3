import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Messaging
import Observability
import Postgres
import SchemaRegistry
import Secrets
import Synchronization
import Testing

@testable import Platform
@testable import ServiceTesting
@testable import User

/// A registration without a response to its commit: the same key finds or creates its account.
@Suite(.timeLimit(.minutes(4))) struct LostAnswerTests {
    enum End: CaseIterable { case ofTheBackend, ofTheServer }

    @Test(arguments: End.allCases)
    func `the same key finds the account of a commit without a response`(end: End) async throws {
        try await OwnServer.with { own in
            try await own.register("bob@example.org", key: "warm-up").expect(201)
            try await own.holdCommits()
            async let first = own.register("ada@example.org", key: "k")
            try await eventually { try await own.waitingCommits() == 1 }
            try await own.observer.execute("delete from \"user\".held")
            switch end {
            case .ofTheBackend:
                try await own.observer.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'")
            case .ofTheServer:
                try await own.killAndStart()
            }
            try await first.expect(503)
            let second = try await own.registerUntilAnswered("ada@example.org", key: "k")
            second.expect(201)
            #expect(second.fields["idempotent-replayed"] == "true")
            #expect(try await own.accounts() == ["ada@example.org", "bob@example.org"])
        }
    }

    @Test func `each key creates one account, whatever connections are killed`()
        async throws
    {
        try await OwnServer.with { own in
            let count = 80
            let progress = Progress()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for number in stride(from: worker, to: count, by: 4) {
                            let answer = try await own.registerUntilAnswered(
                                "person\(number)@example.org", key: "key-\(number)", progress)
                            answer.expect(201)
                            progress.finish()
                        }
                    }
                }
                group.addTask {
                    while progress.finished < count {
                        let before = progress.finished
                        try await own.kill()
                        try await eventually { progress.finished > before || progress.finished == count }
                    }
                }
                try await group.waitForAll()
            }
            #expect(progress.failed > 0)
            #expect(try await own.accounts().count == count)
            #expect(try await own.observer.query("select from \"user\".outbox").count == count)
        }
    }
}

/// How registrations fare.
private final class Progress: Sendable {
    private let counts = Mutex((finished: 0, failed: 0))
    var finished: Int { counts.withLock { $0.finished } }
    var failed: Int { counts.withLock { $0.failed } }
    func finish() { counts.withLock { $0.finished += 1 } }
    func fail() { counts.withLock { $0.failed += 1 } }
}

/// The service on a separate PostgreSQL server, which a test can damage.
private struct OwnServer: Sendable {
    private static let application = "user-under-test"

    let observer: Database
    private let server: PrivatePostgres
    private let router: Router
    private let seal: IdentitySeal

    static func with(_ body: @escaping @Sendable (OwnServer) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "hub-lost-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = ["fsync": "off", "synchronous_commit": "local", "synchronous_standby_names": "nobody"]
        let server = try await PrivatePostgres.start(.init(folder: folder, settings: settings))
        let observer = Database(url: server.url(), loops: TestLoops.shared)
        let database = Database(
            url: server.url(), loops: TestLoops.shared,
            configuration: .init(
                connectionsPerLoop: 4, statementTimeout: .seconds(1), applicationName: application, schema: "user"))
        do {
            try await observer.migrate(UserService.histories, schema: "user")
            try await body(try await OwnServer(server, observer, database))
        } catch {
            await server.stop()
            throw error
        }
        await database.close()
        await observer.close()
        await server.stop()
    }

    private init(_ server: PrivatePostgres, _ observer: Database, _ database: Database) async throws {
        self.server = server
        self.observer = observer
        let codec = EventCodec(registry: InMemorySchemaRegistry())
        try await codec.prepare(EventCatalogue.all)
        seal = try IdentitySeal(secret: IdentitySecret("a secret for tests alone")) { 0 }
        var routes = Routes(seal: seal, logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics())
        let context = try ServiceContext.make(.user, on: database, codec: codec)
        let operations = Operations(
            database: database, outbox: context.outbox, tasks: context.tasks, services: ServiceClient(context),
            hasher: try PasswordHasher(parameters: .init(memoryKiB: 8, iterations: 1)), now: { Date() })
        UserRoutes(operations: operations).add(to: &routes)
        router = routes.router
    }

    func register(_ email: String, key: String) async throws -> TestAnswer {
        var fields: HTTPFields = ["content-type": "application/json", "idempotency-key": key]
        let body = """
            {"email": "\(email)", "password": "\(Users.password)", "firstName": "Ada", "lastName": "Lovelace"}
            """
        fields[IdentitySeal.fieldName] = seal.header(
            for: .anonymous, method: "POST", target: "/auth/register", body: Array(body.utf8))
        let request = HTTPRequest(.post, "/auth/register", fields: fields, body: .text(body))
        return try await TestAnswer(await router.respond(to: request))
    }

    /// Sends the request again for as long as the answer is 503.
    func registerUntilAnswered(
        _ email: String, key: String, _ progress: Progress? = nil
    ) async throws -> TestAnswer {
        try await eventually(within: .seconds(60)) {
            let answer = try await register(email, key: key)
            if answer.status != 503 { return answer }
            progress?.fail()
            return nil
        }
    }

    func accounts() async throws -> [String] {
        try await observer.query("select email from \"user\".account order by email").map { try $0.decode(String.self) }
    }

    func waitingCommits() async throws -> Int {
        try await observer.query("select from pg_stat_activity where wait_event = 'SyncRep'").count
    }

    /// From now on, until `held` is empty, the commit of a registration succeeds and then waits for a missing standby.
    func holdCommits() async throws {
        try await observer.transaction { tx in
            try await tx.runScript(
                """
                create table "user".held as select 1;
                create function "user".hold() returns trigger language plpgsql as $$ begin
                    if exists (select from "user".held) then perform set_config('synchronous_commit', 'on', true); end if;
                    return null;
                end $$;
                create trigger hold after insert on "user".account for each row execute function "user".hold();
                """)
        }
    }

    /// Ends the service's connections.
    func kill() async throws {
        try await observer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = \(Self.application)")
    }

    /// As a machine that loses power.
    func killAndStart() async throws {
        _ = Foundation.kill(server.process, SIGKILL)
        try await eventually { server.hasEnded }
        try await server.restart()
    }
}

extension TestAnswer {
    func expect(_ status: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
    }
}
