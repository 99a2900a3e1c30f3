import Avro
import Contracts
import HTTP
import HubTesting
import SchemaRegistry
import ServiceTesting
import Testing

/// Subjects, their versions, and schemas by id, as Confluent's API shows them.
@Suite struct VersionsTests {
    @Test func `a registered schema is found by id, version and schema`() async throws {
        try await TestRegistry.with { registry in
            let id = try await registry.register(TestRegistry.record(0), "s-value")
            let second = try await registry.register(TestRegistry.record(1), "s-value")
            #expect(try await registry.register(TestRegistry.record(0), "t-value") == id)
            #expect(try await registry.get("/subjects") == #"["s-value","t-value"]"#)
            #expect(try await registry.get("/subjects/s-value/versions") == "[1,2]")
            let text = #"{"type":"record","name":"R","fields":[]}"#
            let quoted = JSONTree.string(text).compactText()
            #expect(
                try await registry.get("/subjects/s-value/versions/1")
                    == #"{"id":\#(id),"schema":\#(quoted),"subject":"s-value","version":1}"#)
            #expect(try await registry.get("/subjects/s-value/versions/1/schema") == text)
            #expect(try await registry.get("/subjects/s-value/versions/1/referencedby") == "[]")
            for latest in ["latest", "-1", "2"] {
                #expect(try await registry.get("/subjects/s-value/versions/\(latest)").contains(#""version":2"#))
            }
            #expect(try await registry.get("/schemas/ids/\(id)") == #"{"schema":\#(quoted)}"#)
            #expect(try await registry.get("/schemas/ids/\(id)?fetchMaxId=true").contains(#""maxId":\#(second)"#))
            #expect(try await registry.get("/schemas/ids/\(id)/schema") == text)
            #expect(try await registry.get("/schemas/ids/\(id)/subjects") == #"["s-value","t-value"]"#)
            #expect(try await registry.get("/schemas/ids/\(id)/subjects?subject=t-value") == #"["t-value"]"#)
            #expect(
                try await registry.get("/schemas/ids/\(id)/versions?offset=1")
                    == #"[{"subject":"t-value","version":1}]"#)
            let found = try await registry.send(
                .post, "/subjects/s-value", TestRegistry.request(TestRegistry.record(1)))
            #expect(found.text.contains(#""id":\#(second),"#) && found.text.contains(#""version":2"#), "\(found.text)")
            #expect(try await registry.get("/schemas/types") == #"["AVRO"]"#)
            #expect(try await registry.get("/contexts") == #"["."]"#)
            #expect(try await registry.get("/") == "{}")
        }
    }

    @Test func `two spellings of a schema are one`() async throws {
        try await TestRegistry.with { registry in
            let id = try await registry.register(
                #"{"type":"record","name":"R","namespace":"a.b","fields":[{"name":"x","type":"a.b.E0"}]}"#
                    .replacing(#""a.b.E0""#, with: #"{"type":"enum","name":"E","symbols":["A"]}"#), "s")
            let other = #"""
                { "fields" : [ { "order": "ascending", "type" : { "symbols": ["A"], "name": "a.b.E", "type": "enum" },
                  "name" : "x" } ], "name" : "a.b.R", "type" : "record" }
                """#
            #expect(try await registry.register(other, "s") == id)
            #expect(try await registry.register(other, "s?normalize=True") == id)
            let found = try await registry.send(.post, "/subjects/s?normalize=true", TestRegistry.request(other))
            #expect(try found.json["id"]?.integer == id)
            #expect(try await registry.get("/subjects/s/versions") == "[1]")
        }
    }

    @Test func `the hub and the API keep their schemas in the same place`() async throws {
        try await TestRegistry.with { registry in
            let hub = PostgresSchemaRegistry(database: registry.service.database)
            let event = UserRegistered.self
            let id = try await hub.register(event.schema, subject: event.topic.valueSubject)
            #expect(try await registry.get("/subjects") == #"["user.registered-value"]"#)
            let schema = try Schema(parsing: try await registry.get("/schemas/ids/\(id)/schema"))
            #expect(schema == event.schema)
            let later = try await registry.register(TestRegistry.record(3), "s")
            #expect(
                try await hub.schema(id: .number(Int32(later))) == Schema(parsing: TestRegistry.record(3)))
            #expect(
                try await hub.register(Schema(parsing: TestRegistry.record(3)), subject: "s").description == "\(later)")
        }
    }

    @Test func `a deleted version is hidden, can return as a new one, and can be deleted permanently`()
        async throws
    {
        try await TestRegistry.with { registry in
            let id = try await registry.register(TestRegistry.record(0), "s")
            try await registry.register(TestRegistry.record(1), "s")
            #expect(try await registry.send(.delete, "/subjects/s/versions/1").text == "1")
            #expect(try await registry.get("/subjects/s/versions") == "[2]")
            #expect(try await registry.get("/subjects/s/versions?deleted=true") == "[1,2]")
            #expect(try await registry.get("/subjects/s/versions?deletedOnly=true") == "[1]")
            #expect(try await registry.send(.get, "/subjects/s/versions/1").code == 40402)
            #expect(try await registry.get("/subjects/s/versions/1?deleted=true").contains(#""id":\#(id)"#))
            let request = TestRegistry.request(TestRegistry.record(0))
            #expect(try await registry.send(.post, "/subjects/s", request).code == 40403)
            #expect(try await registry.send(.post, "/subjects/s?deleted=true", request).status == 200)
            #expect(try await registry.get("/schemas/ids/\(id)/versions") == "[]")
            #expect(
                try await registry.get("/schemas/ids/\(id)/versions?deleted=true") == #"[{"subject":"s","version":1}]"#)
            // Its id still leads to it.
            _ = try await registry.get("/schemas/ids/\(id)")

            #expect(try await registry.register(TestRegistry.record(0), "s") == id)
            #expect(try await registry.get("/subjects/s/versions?deleted=true") == "[2,3]")
            #expect(try await registry.send(.delete, "/subjects/s/versions/latest").text == "3")
            #expect(try await registry.send(.delete, "/subjects/s/versions/3?permanent=true").text == "3")
            #expect(try await registry.send(.get, "/schemas/ids/\(id)").code == 40403)
            // Messages in the log stay readable, and the id is never reused.
            let hub = PostgresSchemaRegistry(database: registry.service.database)
            #expect(try await hub.schema(id: .number(Int32(id))) == Schema(parsing: TestRegistry.record(0)))
            #expect(try await registry.register(TestRegistry.record(0), "s") == id)
        }
    }

    @Test func `a deleted subject is hidden with its versions and its rules`() async throws {
        try await TestRegistry.with { registry in
            try await registry.register(TestRegistry.record(0), "s")
            try await registry.register(TestRegistry.record(1), "s")
            try await registry.register(TestRegistry.record(0), "t")
            _ = try await registry.send(.put, "/config/s", #"{"compatibility":"NONE"}"#)
            #expect(try await registry.send(.delete, "/subjects/s").text == "[1,2]")
            #expect(try await registry.get("/subjects") == #"["t"]"#)
            #expect(try await registry.get("/subjects?deleted=true") == #"["s","t"]"#)
            #expect(try await registry.get("/subjects?deletedOnly=true") == #"["s"]"#)
            #expect(try await registry.send(.get, "/config/s").code == 40408)
            #expect(try await registry.send(.get, "/subjects/s/versions").code == 40401)
            // Deleted versions are not compared.
            try await registry.register(TestRegistry.demanding, "s")
            #expect(try await registry.get("/subjects/s/versions") == "[3]")
            _ = try await registry.send(.delete, "/subjects/s")
            #expect(try await registry.send(.delete, "/subjects/s?permanent=true").text == "[1,2,3]")
            #expect(try await registry.get("/subjects?deleted=true") == #"["t"]"#)
        }
    }

    @Test func `lists are cut by prefix, offset and limit`() async throws {
        try await TestRegistry.with { registry in
            for subject in ["a-1", "a-2", "a-3", "b"] {
                try await registry.register(TestRegistry.record(0), subject)
                try await registry.register(TestRegistry.record(1), subject)
            }
            for (query, expected) in [
                ("subjectPrefix=a", #"["a-1","a-2","a-3"]"#), ("subjectPrefix=a&offset=1&limit=1", #"["a-2"]"#),
                ("limit=-1&offset=3", #"["b"]"#), ("limit=0", "[]"), ("subjectPrefix=:*:b", #"["b"]"#),
                ("subjectPrefix=%25", "[]"), ("offset=-5&limit=1", #"["a-1"]"#),
            ] {
                #expect(try await registry.get("/subjects?\(query)") == expected, "\(query)")
            }
            #expect(try await registry.get("/subjects/b/versions?offset=1&limit=5") == "[2]")
            let all = try #require(try await registry.send(.get, "/schemas").json.items)
            #expect(all.count == 8)
            let latest = try await registry.send(.get, "/schemas?latestOnly=true&subjectPrefix=a&limit=2").json
            #expect(latest.items?.compactMap { $0["subject"]?.text } == ["a-1", "a-2"])
            #expect(latest.items?.compactMap { $0["version"]?.integer } == [2, 2])
            _ = try await registry.send(.delete, "/subjects/b/versions/2")
            let live = try await registry.send(.get, "/schemas?latestOnly=true&subjectPrefix=b").json
            #expect(live.items?.compactMap { $0["version"]?.integer } == [1])
            let seen = try await registry.send(.get, "/schemas?latestOnly=true&subjectPrefix=b&deleted=true").json
            #expect(seen.items?.compactMap { $0["version"]?.integer } == [2])
        }
    }
}
