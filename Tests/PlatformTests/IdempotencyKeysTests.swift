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

@Suite(.timeLimit(.minutes(2))) struct IdempotencyKeysTests {
    @Test func `the same key and request get the same response, and the operation runs once`() async throws {
        try await Things.with { things in
            let first = try await things.send("a", key: "k"), second = try await things.send("a", key: "k")
            #expect(first.0 == 201)
            #expect(first.2["idempotent-replayed"] == nil)
            #expect(second.0 == 201)
            #expect(second.1 == first.1)
            #expect(second.2["location"] == first.2["location"])
            #expect(second.2["idempotent-replayed"] == "true")
            #expect(try await things.count() == 1)
        }
    }

    @Test func `fifty concurrent requests with one key run the operation once`() async throws {
        try await Things.with { things in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let (status, text, _) = try await things.send("a", key: "k")
                        return "\(status) \(text)"
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers.count == 1)
            #expect(answers.first?.hasPrefix("201") == true)
            #expect(try await things.count() == 1)
        }
    }

    @Test func `the same key with another body is refused`() async throws {
        try await Things.with { things in
            _ = try await things.send("a", key: "k")
            let other = try await things.send("b", key: "k")
            #expect(other.0 == 422)
            #expect(other.1.contains("idempotency-key-reused"))
            #expect(try await things.count() == 1)
        }
    }

    @Test func `keys of two people are independent, and a request without a key is not stored`() async throws {
        try await Things.with { things in
            _ = try await things.send("a", key: "k")
            _ = try await things.send("b", key: "k", as: Things.person)
            _ = try await things.send("c", key: nil)
            #expect(try await things.count() == 3)
            // The name is taken, which a request with the key of the first would not be told.
            #expect(try await things.send("a", key: nil).0 == 409)
        }
    }

    @Test func `a repeated request returns the current state of its resource, or 404`() async throws {
        try await Things.with { things in
            _ = try await things.send("a", key: "k")
            try await things.database.execute("update thing set name = 'renamed'")
            #expect(try await things.send("a", key: "k").1.contains("renamed"))
            try await things.database.execute("delete from thing")
            #expect(try await things.send("a", key: "k").0 == 404)
            #expect(try await things.count() == 0)
        }
    }

    @Test func `the stored data of a request contain no person and no content`() async throws {
        try await Things.with { things in
            #expect(try await things.send("a-secret-body", key: "key-of-ada@example.org", as: Things.person).0 == 201)
            #expect(try await things.send("another-body", key: "a-key", from: "192.0.2.77").0 == 201)
            let rows = try await things.database.query("select to_jsonb(k)::text from idempotency_key k")
            #expect(rows.count == 2)
            for row in rows {
                let text = try row.decode(String.self)
                // Bytes are written as hexadecimal digits.
                for trace in ["secret", "another", "key", "ada@", Things.person.userID?.rawValue ?? "", "192.0.2.77"] {
                    #expect(!text.replacing("\"made\"", with: "").contains(trace), "\(text)")
                    let hex = trace.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                    #expect(!text.contains(hex), "\(text)")
                }
            }
        }
    }

    @Test func `the stored data of a request reveal nothing without the secret`() async throws {
        try await Things.with { things in
            #expect(try await things.send("a", key: "k").0 == 201)
            let others = try Things(things.database, secret: "another secret of the hub")
            #expect(try await others.send("a", key: "k").0 == 409)
            #expect(try await others.send("b", key: "k").0 == 201)
            let kept = try await things.database.query("select distinct digest, fingerprint from idempotency_key")
            #expect(kept.count == 2)
        }
    }

    @Test(arguments: [400, 401, 402, 403, 404, 409, 410, 412, 413, 415, 422, 429, 500])
    func `a refusal or a failure stores nothing and leaves the key unused`(status: Int) async throws {
        try await Things.with { things in
            things.refuse(with: Problem(HTTPStatus(status), "refused"))
            let refused = try await things.send("a", key: "k")
            #expect(refused.0 == status)
            #expect(try await things.send("b", key: "k").0 == 201)
            #expect(try await things.send("a", key: "k").1.contains("idempotency-key-reused"))
            #expect(try await things.count() == 1)
        }
    }

    @Test func `a key works after its client has disconnected`() async throws {
        try await Things.with { things in
            let gate = Gate()
            things.pause(at: gate)
            let request = TestLoops.shared.next().start("a client") { try await things.send("a", key: "k").0 }
            try await eventually { gate.arrivals == 1 }
            request.cancel()
            gate.open()
            _ = await request.result
            #expect(try await things.send("a", key: "k").0 == 201)
            #expect(try await things.count() == 1)
        }
    }

    @Test func `a key is free after the connection of its transaction was lost`() async throws {
        try await Things.with { things in
            let gate = Gate()
            things.pause(at: gate)
            async let first = things.send("a", key: "k").0
            try await eventually { gate.arrivals == 1 }
            try await things.database.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and state = 'idle in transaction'
                """)
            // The first request does not know yet.
            #expect(try await things.send("a", key: "k").0 == 201)
            gate.open()
            #expect(try await first == 503)
            #expect(try await things.count() == 1)
        }
    }

    @Test func `a key with other than visible ASCII is refused`() async throws {
        try await Things.with { things in
            // U+FFFD is what becomes of any bytes that are no UTF-8.
            for key in ["", "two words", "schlüssel", "\u{FFFD}", String(repeating: "k", count: 256)] {
                let answer = try await things.send("a", key: key)
                #expect(answer.0 == 400)
                #expect(answer.1.contains("bad-idempotency-key"))
            }
            #expect(try await things.send("a", key: "!~" + String(repeating: "k", count: 253)).0 == 201)
        }
    }

    @Test func `different invalid UTF-8 keys are not confused`() async throws {
        try await Things.with { things in
            let server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: things.router)
            let port = try await server.start()
            for byte in [UInt8(0xFF), 0xFE] {
                let socket = try RawSocket.connect(port)
                let head = """
                    POST /things HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r
                    \(IdentitySeal.fieldName): \(things.header(for: .anonymous, "a"))\r\nidempotency-key: k
                    """
                try await socket.send(Array(head.utf8) + [byte] + Array("\r\n\r\na".utf8))
                let answer = try await socket.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("bad-idempotency-key"), "\(answer)")
            }
            #expect(try await things.count() == 0)
            await server.drain(within: .seconds(5))
        }
    }

    @Test func `a key that is sent twice in one request is refused`() async throws {
        try await Things.with { things in
            var fields: HTTPFields = ["idempotency-key": "k"]
            fields.add("Idempotency-Key", "l")
            let answer = try await things.send("a", fields)
            #expect(answer.0 == 400)
        }
    }

    @Test(arguments: [nil, "k"])
    func `a route whose operation ignores its key returns 500`(key: String?) async throws {
        try await Things.with { things in
            things.forget()
            let answer = try await things.send("a", key: key)
            #expect(answer.0 == 500)
        }
    }

    @Test func `old keys are deleted in steps, recent ones are kept`() async throws {
        try await Things.with { things in
            try await things.database.transaction { tx in
                try await tx.runScript(
                    """
                    insert into idempotency_key (digest, fingerprint, claimed_at)
                        select sha256(n::text::bytea), '', now() - interval '25 hours' from generate_series(1, 7) n;
                    create table step (count bigint);
                    create function note() returns trigger language plpgsql as
                        $$ begin insert into step select count(*) from gone; return null; end $$;
                    create trigger note after delete on idempotency_key referencing old table as gone
                        for each statement execute function note();
                    """)
            }
            _ = try await things.send("a", key: "k")
            try await IdempotencyKeys.removeExpired(on: things.database, stepCountMax: 3)
            let steps = try await things.database.query("select count from step").map { try $0.decode(Int.self) }
            #expect(steps == [3, 3, 1])
            #expect(try await things.database.query("select from idempotency_key").count == 1)
        }
    }
}
