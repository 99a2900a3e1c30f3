import Avro
import HTTP
import HubTesting
import Postgres
import ServiceTesting
import Testing

/// Each refusal, with the code clients of Confluent's API know.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let method: HTTPMethod
        let target: String
        let body: String?
        let code: Int64
        let message: String

        init(_ method: HTTPMethod, _ target: String, _ body: String? = nil, code: Int64, _ message: String = "") {
            (self.method, self.target, self.body, self.code, self.message) = (method, target, body, code, message)
        }

        var status: Int { Int(code < 1_000 ? code : code / 100) }
        var testDescription: String { "\(method.rawValue) \(target) \(body?.prefix(60) ?? "") \(code)" }
    }

    private static let schema = TestRegistry.request(TestRegistry.record(0))

    /// `s` has the versions 1 and 2, `gone` had one and is deleted.
    static let cases: [Case] = [
        Case(.get, "/subjects/none/versions", code: 40401, "Subject 'none' not found."),
        Case(.get, "/subjects/none/versions/1", code: 40401),
        Case(.get, "/subjects/gone/versions/latest", code: 40401),
        Case(.post, "/subjects/none", schema, code: 40401),
        Case(.delete, "/subjects/none", code: 40401),
        Case(.delete, "/subjects/none/versions/1", code: 40401),
        Case(.post, "/compatibility/subjects/none/versions/1", schema, code: 40401),
        Case(.get, "/subjects/s/versions/7", code: 40402, "Version 7 not found."),
        Case(.delete, "/subjects/s/versions/7", code: 40402),
        Case(.post, "/compatibility/subjects/s/versions/7", schema, code: 40402),
        Case(.get, "/schemas/ids/4711", code: 40403, "Schema 4711 not found"),
        Case(.get, "/schemas/ids/4711/schema", code: 40403),
        Case(.get, "/schemas/ids/4711/versions", code: 40403),
        Case(.get, "/schemas/ids/-1/subjects", code: 40403),
        Case(.post, "/subjects/s", TestRegistry.request(TestRegistry.record(9)), code: 40403, "Schema not found"),
        Case(.delete, "/subjects/gone", code: 40404, "Subject 'gone' was soft deleted."),
        Case(.delete, "/subjects/s?permanent=true", code: 40405, "was not deleted first"),
        Case(.delete, "/subjects/gone/versions/1", code: 40406, "Subject 'gone' Version 1 was soft deleted."),
        Case(.delete, "/subjects/s/versions/1?permanent=true", code: 40407, "was not deleted first"),
        Case(.get, "/config/s", code: 40408, "does not have subject-level compatibility configured"),
        Case(.get, "/mode/s", code: 40409, "does not have subject-level mode configured"),
        Case(.post, "/subjects/s/versions", TestRegistry.request(TestRegistry.demanding), code: 409, "is incompatible"),
        Case(.post, "/subjects/s/versions", TestRegistry.request("no JSON"), code: 42201, "Invalid schema"),
        Case(.post, "/subjects/s/versions", TestRegistry.request(#"{"type":"nonsense"}"#), code: 42201, "nonsense"),
        Case(.post, "/subjects/s", TestRegistry.request(#"{"type":"record"}"#), code: 42201),
        Case(.post, "/compatibility/subjects/s/versions/1", TestRegistry.request("{}"), code: 42201),
        Case(.post, "/subjects/s/versions", "{}", code: 42201, "Empty schema"),
        Case(.post, "/subjects/s/versions", #"{"schema":7}"#, code: 42201, "Empty schema"),
        Case(
            .post, "/subjects/s/versions",
            TestRegistry.request("syntax = \"proto3\";", ("schemaType", .string("PROTOBUF"))),
            code: 42201, "Invalid schema type PROTOBUF"),
        Case(
            .post, "/subjects/s/versions", TestRegistry.request("{}", ("schemaType", .string("JSON"))), code: 42201,
            "Invalid schema type JSON"),
        Case(
            .post, "/subjects/s/versions",
            TestRegistry.request(
                TestRegistry.record(0), ("references", .array([.object([.init("name", .string("x"))])]))),
            code: 42201, "references are not supported"),
        Case(
            .post, "/subjects/s/versions",
            TestRegistry.request(TestRegistry.record(0), ("metadata", .object([]))), code: 42201, "metadata"),
        Case(
            .post, "/subjects/s/versions", TestRegistry.request(TestRegistry.record(0), ("ruleSet", .object([]))),
            code: 42201,
            "ruleSet"),
        Case(
            .post, "/subjects/s/versions", TestRegistry.request(TestRegistry.record(7), ("version", .number("9"))),
            code: 42201,
            "The next version is 3"),
        Case(.get, "/subjects/s/versions/0", code: 42202, "'0' is not a valid version id"),
        Case(.get, "/subjects/s/versions/-2", code: 42202),
        Case(.get, "/subjects/s/versions/first", code: 42202),
        Case(.delete, "/subjects/s/versions/2147483648", code: 42202),
        Case(.post, "/compatibility/subjects/s/versions/1.5", schema, code: 42202),
        Case(.put, "/config", #"{"compatibility":"SIDEWAYS"}"#, code: 42203, "Invalid compatibility level"),
        Case(.put, "/config/s", "{}", code: 42203),
        Case(.put, "/config", #"{"compatibility":"FULL","alias":"t"}"#, code: 422, "\"alias\" is not supported"),
        Case(.put, "/mode", #"{"mode":"IMPORT"}"#, code: 42204, "IMPORT is not supported"),
        Case(.put, "/mode", #"{"mode":"FORWARD"}"#, code: 42204),
        Case(.put, "/mode/s", #"{"mode":"READONLY_OVERRIDE"}"#, code: 42204, "for all subjects"),
        Case(.put, "/mode", "{}", code: 42204, "no such mode"),
        Case(
            .post, "/subjects/s/versions", TestRegistry.request(TestRegistry.record(0), ("id", .number("5"))),
            code: 42205,
            "assigns the ids"),
        Case(.post, "/subjects/:.ctx:s/versions", schema, code: 42208, "only has the default one"),
        Case(.post, "/subjects/a%0Ab/versions", schema, code: 42208, "no control characters"),
        Case(.get, "/subjects/\(String(repeating: "x", count: 513))/versions", code: 42208),
        Case(.get, "/subjects?offset=x", code: 422, "offset is not a number"),
        Case(.get, "/subjects/s/versions?limit=99999999999999999999", code: 422, "limit is not a number"),
        Case(.post, "/subjects/s/versions", "", code: 400, "not JSON"),
        Case(.post, "/subjects/s/versions", "[]", code: 400, "an array, expected an object"),
        Case(.post, "/subjects/s/versions", #"{"schema":"1","schema":"2"}"#, code: 400, "twice"),
        Case(.put, "/config", #"{"compatibility":"#, code: 400),
        Case(.get, "/schemas/ids/one", code: 404, "HTTP 404"),
        Case(.get, "/schemas/ids/99999999999", code: 404),
        Case(.get, "/nothing/here", code: 404, "HTTP 404"),
        Case(.get, "/subjects//versions", code: 404),
        Case(.patch, "/subjects", code: 405, "HTTP 405"),
        Case(.get, "/subjects/%ff/versions", code: 400),
        Case(.get, "/subjects/%2e%2e/versions", code: 400),
    ]

    @Test func `every refusal has Confluent's code and format`() async throws {
        try await TestRegistry.with { registry in
            try await registry.register(TestRegistry.record(0), "s")
            try await registry.register(TestRegistry.record(1), "s")
            try await registry.register(TestRegistry.record(0), "gone")
            _ = try await registry.send(.delete, "/subjects/gone")
            for refused in Self.cases {
                let answer = try await registry.send(refused.method, refused.target, refused.body)
                #expect(answer.status == refused.status, "\(refused.testDescription): \(answer.text)")
                #expect(answer.code == refused.code, "\(refused.testDescription): \(answer.text)")
                #expect(answer.message.contains(refused.message), "\(refused.testDescription): \(answer.text)")
                #expect(answer.fields["content-type"] == TestRegistry.vendorType, "\(refused.testDescription)")
            }
            #expect(try await registry.get("/subjects/s/versions") == "[1,2]")
        }
    }

    @Test func `a database outage is a store error without details`() async throws {
        try await TestRegistry.with { registry in
            try await registry.service.database.execute("alter table registry.version rename to elsewhere")
            let answer = try await registry.send(.get, "/subjects")
            #expect(answer.status == 500 && answer.code == 50001)
            #expect(answer.message == "Error in the backend data store")
            try await registry.service.database.execute("alter table registry.elsewhere rename to version")
        }
    }

    @Test func `responses have an accepted media type, and bodies need a known one`() async throws {
        try await TestRegistry.with { registry in
            for (accepted, given) in [
                ("application/json", "application/json"), ("*/*", TestRegistry.vendorType),
                ("text/html, application/*;q=0.8", TestRegistry.vendorType),
                (
                    "application/vnd.schemaregistry+json; q=0.9, application/json; q=0.5",
                    "application/vnd.schemaregistry+json"
                ),
            ] {
                let answer = try await registry.send(.get, "/subjects", fields: ["accept": accepted])
                #expect(answer.fields["content-type"] == given, "\(accepted)")
            }
            #expect(try await registry.send(.get, "/subjects", fields: ["accept": "text/html"]).code == 406)
            for type in ["application/json; charset=utf-8", "application/octet-stream", TestRegistry.vendorType] {
                let answer = try await registry.send(.post, "/subjects/s/versions", Self.schema, type: type)
                #expect(answer.status == 200, "\(type): \(answer.text)")
            }
            for type in ["text/plain", "application/x-www-form-urlencoded", nil] {
                let answer = try await registry.send(.post, "/subjects/s/versions", Self.schema, type: type)
                #expect(answer.code == 415, "\(type ?? "none"): \(answer.text)")
            }
        }
    }
}
