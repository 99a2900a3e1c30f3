import Contracts
import Foundation
import HTTP
import HubTesting
import Observability
@testable import Platform
import Postgres
import Synchronization
import Testing

/// A route that creates things with unique names, like an operation of a service.
final class Things: Sendable {
    let database: Database
    let router: Router
    private let seal: IdentitySeal
    private let behaviour: Behaviour

    static let person = Identity.user(.make(at: Date(timeIntervalSince1970: 1)), role: .student, session: "s")

    private static let template = TestDatabase.Template(
        schema: "thing",
        [
            PlatformMigrations.service,
            MigrationHistory(
                component: "thing",
                [Migration(id: "thing-001", sql: "create table thing (id text primary key, name text unique not null)")]
            ),
        ])

    static func with(_ body: @escaping @Sendable (Things) async throws -> Void) async throws {
        try await TestDatabase.with(template) { test in try await body(try Things(test.database)) }
    }

    init(_ database: Database, secret: String = "a secret of enough bytes") throws {
        self.database = database
        seal = try IdentitySeal(secret: IdentitySecret(secret)) { 0 }
        let behaviour = Behaviour()
        self.behaviour = behaviour
        var routes = Routes(seal: seal, logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics())
        routes.postOnce("/things", .anyone) { request, once in
            let name = String(decoding: try await request.http.body.collect(bytesMax: 1_000), as: UTF8.self)
            let thing = try await behaviour.make(name, once, database)
            return try .created(thing, at: "/things/\(thing.id)")
        }
        router = routes.router
    }

    struct Thing: Identifiable, Encodable {
        let id: CourseID
        let name: String
    }

    private final class Behaviour: Sendable {
        let refusal = Mutex<Problem?>(nil)
        let gate = Mutex<Gate?>(nil)
        let forgets = Mutex(false)

        func make(_ name: String, _ once: Once, _ database: Database) async throws -> Thing {
            let once = forgets.withLock { $0 } ? Once(nil) : once
            return try await database.transaction { tx in
                try await once.run(on: tx) {
                    let thing = Thing(id: .make(at: Date(timeIntervalSince1970: 1)), name: name)
                    let count = try await tx.execute(
                        "insert into thing values (\(thing.id.rawValue), \(name)) on conflict (name) do nothing")
                    if count == 0 { throw Problem(.conflict, "name-taken") }
                    if let refusal = self.refusal.withLock({ $0.take() }) { throw refusal }
                    if let gate = self.gate.withLock({ $0.take() }) { await gate.wait() }
                    return thing
                } again: { id in
                    let row = try await tx.query("select name from thing where id = \(id.rawValue)").first
                    guard let row else { throw Problem.notFound }
                    return Thing(id: id, name: try row.decode(String.self))
                }
            }
        }
    }

    /// The next request is refused when its work is done.
    func refuse(with problem: Problem) { behaviour.refusal.withLock { $0 = problem } }
    /// The next request waits when its work is done.
    func pause(at gate: Gate) { behaviour.gate.withLock { $0 = gate } }
    /// From now on the operation ignores its Once.
    func forget() { behaviour.forgets.withLock { $0 = true } }

    func count() async throws -> Int { try await database.query("select from thing").count }

    func header(for identity: Identity, _ body: String) -> String {
        seal.header(for: identity, method: "POST", target: "/things", body: Array(body.utf8))
    }

    func send(
        _ body: String, key: String?, as identity: Identity = .anonymous, from address: String? = nil
    ) async throws -> (Int, String, HTTPFields) {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        fields["x-forwarded-for"] = address
        return try await send(body, fields, as: identity)
    }

    func send(
        _ body: String, _ fields: HTTPFields, as identity: Identity = .anonymous
    ) async throws -> (Int, String, HTTPFields) {
        var fields = fields
        fields[IdentitySeal.fieldName] = header(for: identity, body)
        let answer = await router.respond(to: HTTPRequest(.post, "/things", fields: fields, body: .text(body)))
        let text = String(decoding: try await answer.body.collect(bytesMax: 10_000), as: UTF8.self)
        return (answer.status.code, text, answer.fields)
    }
}
