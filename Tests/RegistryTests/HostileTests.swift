import Avro
import Contracts
import HTTP
import HubTesting
import Postgres
import SchemaRegistry
import ServiceTesting
import Synchronization
import Testing

/// Hostile and concurrent requests.
@Suite struct HostileTests {
    @Test func `subjects can have any names`() async throws {
        try await TestRegistry.with { registry in
            let names = [
                "a/b", "a%2Fb", "..a", "a..b", "user.registered-value", "żółw-学習", "a b", "a+b", "a?b", "a#b", "%",
                "'; drop",
                "\\", "{subject}", "latest", "🚀", String(repeating: "x", count: 512), "A", "e\u{301}", "é",
            ]
            for name in names {
                let target = "/subjects/\(PercentEncoding.encode(name))/versions"
                let answer = try await registry.send(.post, target, TestRegistry.request(TestRegistry.record(0)))
                #expect(answer.status == 200, "\(name): \(answer.text)")
                #expect(try await registry.get(target) == "[1]", "\(name)")
                #expect(
                    try await registry.send(.get, "\(target)/latest").json["subject"]?.text?.utf8.elementsEqual(
                        name.utf8) == true)
            }
            let listed = try #require(try await registry.send(.get, "/subjects").json.items).compactMap {
                $0.text.map { Array($0.utf8) }
            }
            #expect(Set(listed) == Set(names.map { Array($0.utf8) }))
            let prefix = PercentEncoding.encode("a/")
            #expect(try await registry.get("/subjects?subjectPrefix=\(prefix)") == #"["a/b"]"#)
            // The default context in front of a name is no part of it.
            #expect(try await registry.get("/subjects/:.:A/versions") == "[1]")
        }
    }

    @Test func `an endless or too deeply nested body is refused`() async throws {
        try await TestRegistry.with { registry in
            let long = try await registry.send(
                .post, "/subjects/s/versions", TestRegistry.request(String(repeating: "x", count: 2 << 20)))
            #expect(long.code == 413, "\(long.text.prefix(200))")
            let chunk = [UInt8](repeating: UInt8(ascii: " "), count: 64 << 10)
            let sent = Mutex(0)
            let http = HTTPClient(loops: TestLoops.shared)
            var request = HTTPClientRequest(.post, registry.address + "/subjects/s/versions")
            request.fields["content-type"] = TestRegistry.vendorType
            request.body = .stream {
                sent.withLock { $0 += 1 }; return chunk
            }
            let status = try? await http.send(request, timeout: .seconds(60)).status.code
            #expect(status == nil || status == 413)
            await http.close()

            let deep = String(repeating: "[", count: 200_000)
            #expect(try await registry.send(.post, "/subjects/s/versions", deep).code == 400)
            let deepSchema = try await registry.send(.post, "/subjects/s/versions", TestRegistry.request(deep))
            #expect(deepSchema.code == 42201, "\(deepSchema.text.prefix(200))")
            let nested =
                String(repeating: #"{"type":"array","items":"#, count: 100) + #""int""#
                + String(repeating: "}", count: 100)
            #expect(try await registry.send(.post, "/subjects/s/versions", TestRegistry.request(nested)).code == 42201)
            #expect(try await registry.get("/subjects") == "[]")
        }
    }

    @Test func `a schema of the maximum size is registered without blocking a loop`() async throws {
        try await TestRegistry.with { registry in
            let schema = TestRegistry.record(3_500, name: "Large")
            let id = try await registry.register(schema, "large")
            #expect(try await registry.register(TestRegistry.record(3_501, name: "Large"), "large") != id)
            let shrunk = try await registry.send(
                .post, "/subjects/large/versions?verbose=true",
                TestRegistry.request(TestRegistry.demanding.replacing(#""R""#, with: #""Large""#)))
            #expect(shrunk.code == 409)
            #expect(shrunk.text.utf8.count < 100_000)
        }
    }

    @Test func `the number of versions of a subject is limited`() async throws {
        try await TestRegistry.with { registry in
            let schemas = (0..<PostgresSchemaRegistry.versionCountMax).map {
                #"{"type":"record","name":"R","doc":"\#($0)","fields":[]}"#
            }
            try await registry.service.database.transaction { transaction in
                try await transaction.execute("insert into registry.schema (text) select unnest(\(schemas))")
                try await transaction.execute(
                    "insert into registry.version (subject, version, schema_id) select 's', id, id from registry.schema"
                )
            }
            let answer = try await registry.send(
                .post, "/subjects/s/versions", TestRegistry.request(TestRegistry.record(1)))
            #expect(answer.status == 422 && answer.code == 42209, "\(answer.text)")
            #expect(try await registry.register(schemas[500], "s") == 501)
            #expect(try await registry.send(.get, "/subjects/s/versions").json.items?.count == 1_000)
            #expect(try await registry.send(.get, "/schemas").json.items?.count == 1_000)
            // All of them are compared, on a separate thread.
            let test = try await registry.send(
                .post, "/compatibility/subjects/s/versions", TestRegistry.request(TestRegistry.record(1)))
            #expect(test.text == #"{"is_compatible":true}"#)
        }
    }

    @Test func `thousands of subjects are listed in pages`() async throws {
        try await TestRegistry.with { registry in
            let id = try await registry.register(TestRegistry.record(0), "first")
            try await registry.service.database.execute(
                """
                insert into registry.version (subject, version, schema_id)
                select 's-' || lpad(n::text, 6, '0'), 1, \(Int32(id)) from generate_series(1, 25000) n
                """)
            #expect(try await registry.send(.get, "/subjects").json.items?.count == 20_000)
            #expect(try await registry.send(.get, "/subjects?offset=20000").json.items?.count == 5_001)
            #expect(
                try await registry.send(.get, "/schemas/ids/\(id)/subjects?limit=99999").json.items?.count == 20_000)
            #expect(try await registry.get("/subjects?subjectPrefix=s-025&limit=1") == #"["s-025000"]"#)
        }
    }

    @Test func `of two concurrent incompatible schemas one is registered`() async throws {
        try await TestRegistry.with { registry in
            for round in 0..<10 {
                let answers = try await withThrowingTaskGroup(of: TestRegistry.Answer.self) { group in
                    for number in 0..<8 {
                        let schema = #"{"type":"record","name":"R","fields":[{"name":"f\#(number % 4)","type":"int"}]}"#
                        group.addTask {
                            try await registry.send(
                                .post, "/subjects/s-\(round)/versions", TestRegistry.request(schema))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                // Each of the four was sent twice: the second sender of the winner finds it.
                #expect(answers.map(\.status).sorted() == [200, 200] + Array(repeating: 409, count: 6))
                #expect(Set(answers.filter { $0.status == 200 }.map(\.text)).count == 1)
                #expect(try await registry.get("/subjects/s-\(round)/versions") == "[1]")
            }
        }
    }

    @Test func `schemas registered, deleted and registered again at once keep their ids`() async throws {
        try await TestRegistry.with { registry in
            let ids = try await withThrowingTaskGroup(of: (Int, Int64?).self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let target = "/subjects/s-\(number % 3)"
                        if number % 5 == 4 {
                            _ = try await registry.send(.delete, target)
                            _ = try await registry.send(.delete, "\(target)?permanent=true")
                            return (number % 4, nil)
                        }
                        let schema = TestRegistry.request(TestRegistry.record(number % 4))
                        let answer = try await registry.send(.post, "\(target)/versions", schema)
                        #expect(answer.status == 200, "\(answer.text)")
                        return (number % 4, try answer.json["id"]?.integer)
                    }
                }
                return try await group.reduce(into: [Int: Set<Int64>]()) { ids, answer in
                    if let id = answer.1 { ids[answer.0, default: []].insert(id) }
                }
            }
            #expect(ids.values.allSatisfy { $0.count == 1 }, "\(ids)")
            #expect(Set(ids.values.flatMap { $0 }).count == ids.count)
        }
    }
}
