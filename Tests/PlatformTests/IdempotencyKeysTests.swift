import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Observability
@testable import Platform
import Postgres
import Synchronization
import Testing

@Suite struct IdempotencyKeysTests {
    /// A route that counts how often its work is done.
    private final class Counted: Sendable {
        let count = Box()
        /// Begun, whether or not it came to its end.
        let begun = Box()
        private let router: Router
        private let seal: IdentitySeal

        /// - Parameters:
        ///   - refusal: what the first request is refused with.
        ///   - pause: how long the work takes.
        init(
            _ database: Database, secret: String = "a secret of enough bytes", failures: Int = 0,
            refusal: Problem? = nil, pause: Duration = .zero
        ) throws {
            seal = try IdentitySeal(secret: secret) { 0 }
            var routes = Routes(
                seal: seal, logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics(),
                keys: IdempotencyKeys(database, TestLoops.shared, seal))
            let (work, begun, mustFail, mustRefuse) = (count, begun, Box(failures), Box(1))
            routes.postOnce("/things", .anyone) { request in
                _ = try await request.http.body.collect(bytesMax: 1_000)
                if mustFail.take() { throw CocoaError(.fileNoSuchFile) }
                if let refusal, mustRefuse.take() { throw refusal }
                begun.add()
                if pause > .zero { try await TestLoops.shared.next().sleep(for: pause) }
                work.add()
                return try .created(["number": work.value], at: "/things/\(work.value)")
            }
            router = routes.router
        }

        func send(_ body: String, key: String?, as identity: Identity = .anonymous) async throws -> (
            Int, String, HTTPFields
        ) {
            var fields = HTTPFields()
            fields[IdentitySeal.fieldName] = seal.header(
                for: identity, method: "POST", target: "/things", body: Array(body.utf8))
            fields["idempotency-key"] = key
            let answer = await router.respond(to: HTTPRequest(.post, "/things", fields: fields, body: .text(body)))
            let text = String(decoding: try await answer.body.collect(bytesMax: 10_000), as: UTF8.self)
            return (answer.status.code, text, answer.fields)
        }
    }

    private static let template = TestDatabase.Template(schema: "thing", [IdempotencyKeys.migrations])

    @Test func `the same key and request get the same answer, and the work is done once`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database)
            let first = try await things.send("a", key: "k"), second = try await things.send("a", key: "k")
            #expect(first.0 == 201)
            #expect(second.0 == 201)
            #expect(second.1 == first.1)
            #expect(second.2["location"] == "/things/1")
            #expect(second.2["idempotent-replayed"] == "true")
            #expect(things.count.value == 1)
        }
    }

    @Test func `fifty at once with one key do the work once`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 { group.addTask { try await things.send("a", key: "k").0 } }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(statuses.isSubset(of: [201, 409]))
            #expect(things.count.value == 1)
        }
    }

    @Test func `the same key with another body is refused`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database)
            _ = try await things.send("a", key: "k")
            let other = try await things.send("b", key: "k")
            #expect(other.0 == 422)
            #expect(other.1.contains("idempotency-key-reused"))
        }
    }

    @Test func `keys of two people have nothing to do with each other, and no key means no memory`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database)
            let person = Identity.user(.make(at: Date(timeIntervalSince1970: 1)), role: .student, session: "s")
            _ = try await things.send("a", key: "k")
            _ = try await things.send("a", key: "k", as: person)
            _ = try await things.send("a", key: nil)
            _ = try await things.send("a", key: nil)
            #expect(things.count.value == 4)
        }
    }

    @Test func `work whose client goes away is done all the same, and its answer is kept`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database, pause: .milliseconds(100))
            let request = TestLoops.shared.next().start("a client") { try await things.send("a", key: "k").0 }
            try await eventually { things.begun.value == 1 }
            request.cancel()
            _ = await request.result
            try await eventually { try await things.send("a", key: "k").0 == 201 }
            let again = try await things.send("a", key: "k")
            #expect(again.2["idempotent-replayed"] == "true")
            #expect(things.count.value == 1)
        }
    }

    @Test func `what is kept of a request tells nothing to who does not know the secret`() async throws {
        try await TestDatabase.with(Self.template) { test in
            for secret in ["a secret of enough bytes", "another secret of the hub"] {
                let things = try Counted(test.database, secret: secret)
                #expect(try await things.send("a body with a password", key: secret).0 == 201)
            }
            let kept = try await test.database.query("select distinct fingerprint from idempotency_key")
            #expect(kept.count == 2)
        }
    }

    @Test func `a failure of ours gives the key back`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database, failures: 1)
            #expect(try await things.send("a", key: "k").0 == 500)
            #expect(try await things.send("a", key: "k").0 == 201)
            #expect(things.count.value == 1)
        }
    }

    @Test(arguments: [400, 401, 403, 413, 415, 422, 429])
    func `a request refused before it began may be put right and sent with the same key`(status: Int) async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database, refusal: Problem(HTTPStatus(status), "refused"))
            #expect(try await things.send("a", key: "k").0 == status)
            #expect(try await things.send("b", key: "k").0 == 201)
            #expect(try await things.send("a", key: "k").1.contains("idempotency-key-reused"))
            #expect(things.count.value == 1)
        }
    }

    @Test(arguments: [402, 404, 409, 410, 412])
    func `how the work came out is kept, well or not`(status: Int) async throws {
        try await TestDatabase.with(Self.template) { test in
            let things = try Counted(test.database, refusal: Problem(HTTPStatus(status), "came-to-nothing"))
            #expect(try await things.send("a", key: "k").0 == status)
            let again = try await things.send("a", key: "k")
            #expect(again.0 == status)
            #expect(again.2["idempotent-replayed"] == "true")
            #expect(things.count.value == 0)
        }
    }
}

/// A number that several tasks share.
private final class Box: Sendable {
    private let number: Mutex<Int>
    init(_ number: Int = 0) { self.number = Mutex(number) }
    var value: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
    /// - Returns: false once the number is used up.
    func take() -> Bool {
        number.withLock { number in
            if number == 0 { return false }
            number -= 1
            return true
        }
    }
}
