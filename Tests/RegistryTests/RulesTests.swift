import Avro
import HTTP
import HubTesting
import Testing

/// Compatibility and modes.
@Suite struct RulesTests {
    @Test func `a schema that breaks the rule is refused with the reason, and tested without being registered`()
        async throws
    {
        try await TestRegistry.with { registry in
            try await registry.register(TestRegistry.record(0), "s")
            let request = TestRegistry.request(TestRegistry.demanding)
            let refused = try await registry.send(.post, "/subjects/s/versions", request)
            #expect(refused.status == 409 && refused.code == 409)
            #expect(
                refused.message.contains("must: a field the writer does not have needs a default"), "\(refused.message)"
            )
            for target in [
                "/compatibility/subjects/s/versions/latest", "/compatibility/subjects/s/versions/1",
                "/compatibility/subjects/s/versions",
            ] {
                #expect(try await registry.send(.post, target, request).text == #"{"is_compatible":false}"#)
                let verbose = try await registry.send(.post, "\(target)?verbose=true", request).text
                #expect(verbose.contains("(reading version 1)"), "\(verbose)")
                let fits = TestRegistry.request(TestRegistry.record(1))
                #expect(try await registry.send(.post, target, fits).text == #"{"is_compatible":true}"#)
                #expect(
                    try await registry.send(.post, "\(target)?verbose=true", fits).text
                        == #"{"is_compatible":true,"messages":[]}"#)
            }
            #expect(try await registry.get("/subjects/s/versions") == "[1]")
            let none = try await registry.send(.post, "/compatibility/subjects/none/versions/latest", request)
            #expect(none.text == #"{"is_compatible":true}"#)
            let invalid = try await registry.send(
                .post, "/compatibility/subjects/s/versions/1?verbose=true", TestRegistry.request("{}"))
            #expect(invalid.status == 200 && invalid.text.contains(#""is_compatible":false"#), "\(invalid.text)")
        }
    }

    @Test func `reasons name existing versions, also when some are deleted`() async throws {
        try await TestRegistry.with { registry in
            for count in 0..<3 { try await registry.register(TestRegistry.record(count), "s") }
            _ = try await registry.send(.delete, "/subjects/s/versions/1")
            let refused = try await registry.send(
                .post, "/subjects/s/versions", TestRegistry.request(TestRegistry.demanding))
            #expect(refused.message.contains("version 3"), "\(refused.message)")
            #expect(!refused.message.contains("version 1"), "\(refused.message)")
        }
    }

    @Test func `the rule of a subject overrides the global rule, which overrides the default`() async throws {
        try await TestRegistry.with { registry in
            #expect(try await registry.get("/config") == #"{"compatibilityLevel":"FULL_TRANSITIVE"}"#)
            #expect(try await registry.send(.get, "/config/s").code == 40408)
            #expect(
                try await registry.get("/config/s?defaultToGlobal=true") == #"{"compatibilityLevel":"FULL_TRANSITIVE"}"#
            )
            let set = try await registry.send(.put, "/config", #"{"compatibility":"backward"}"#)
            #expect(set.text == #"{"compatibility":"BACKWARD"}"#)
            #expect(try await registry.get("/config") == #"{"compatibilityLevel":"BACKWARD"}"#)
            #expect(try await registry.get("/config/s?defaultToGlobal=true") == #"{"compatibilityLevel":"BACKWARD"}"#)

            // Removing a field breaks older readers, not newer ones.
            let two = #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#
            let one = #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#
            for subject in ["s", "t"] { try await registry.register(two, subject) }
            _ = try await registry.send(.put, "/config/t", #"{"compatibility":"FULL"}"#)
            try await registry.register(one, "s")
            #expect(try await registry.send(.post, "/subjects/t/versions", TestRegistry.request(one)).code == 409)

            #expect(try await registry.send(.delete, "/config/t").text == #"{"compatibilityLevel":"FULL"}"#)
            try await registry.register(one, "t")
            #expect(try await registry.send(.delete, "/config/t").code == 40401)
            #expect(try await registry.send(.delete, "/config").text == #"{"compatibilityLevel":"BACKWARD"}"#)
            #expect(try await registry.get("/config") == #"{"compatibilityLevel":"FULL_TRANSITIVE"}"#)
            _ = try await registry.send(.put, "/config/s", #"{"compatibility":"NONE"}"#)
            try await registry.register(#"{"type":"enum","name":"Other","symbols":["A"]}"#, "s")
        }
    }

    @Test func `a read-only subject can only be read`() async throws {
        try await TestRegistry.with { registry in
            let id = try await registry.register(TestRegistry.record(0), "s")
            #expect(try await registry.get("/mode") == #"{"mode":"READWRITE"}"#)
            #expect(try await registry.send(.get, "/mode/s").code == 40409)
            #expect(try await registry.send(.put, "/mode/s", #"{"mode":"readonly"}"#).text == #"{"mode":"READONLY"}"#)
            #expect(try await registry.get("/mode/s") == #"{"mode":"READONLY"}"#)
            let next = TestRegistry.request(TestRegistry.record(1))
            for answer in [
                try await registry.send(.post, "/subjects/s/versions", next),
                try await registry.send(.delete, "/subjects/s"),
                try await registry.send(.delete, "/subjects/s/versions/1"),
                try await registry.send(.put, "/config/s", #"{"compatibility":"NONE"}"#),
                try await registry.send(.delete, "/config/s"),
            ] {
                #expect(answer.status == 422 && answer.code == 42205, "\(answer.text)")
            }
            #expect(try await registry.register(TestRegistry.record(0), "s") == id)
            try await registry.register(TestRegistry.record(0), "t")
            #expect(try await registry.send(.delete, "/mode/s").text == #"{"mode":"READONLY"}"#)
            #expect(try await registry.send(.delete, "/mode/s").code == 40401)
            try await registry.register(TestRegistry.record(1), "s")
        }
    }

    @Test func `the global mode applies to subjects without a mode, and an override to all`() async throws {
        try await TestRegistry.with { registry in
            _ = try await registry.send(.put, "/mode", #"{"mode":"READONLY"}"#)
            _ = try await registry.send(.put, "/mode/s", #"{"mode":"READWRITE"}"#)
            try await registry.register(TestRegistry.record(0), "s")
            let request = TestRegistry.request(TestRegistry.record(1))
            #expect(try await registry.send(.post, "/subjects/t/versions", request).code == 42205)
            _ = try await registry.send(.put, "/mode", #"{"mode":"READONLY_OVERRIDE"}"#)
            #expect(try await registry.send(.post, "/subjects/s/versions", request).code == 42205)
            #expect(try await registry.get("/mode/s?defaultToGlobal=true") == #"{"mode":"READONLY_OVERRIDE"}"#)
            #expect(try await registry.send(.delete, "/mode").text == #"{"mode":"READONLY_OVERRIDE"}"#)
            try await registry.register(TestRegistry.record(1), "t")
        }
    }
}
