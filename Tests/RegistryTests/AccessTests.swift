import Foundation
import HTTP
import HubTesting
import Testing

/// Authorisation of writes.
@Suite struct AccessTests {
    private static let token = "a token of the registry"
    private static let schema = TestRegistry.request(TestRegistry.record(0))

    private static func basic(_ text: String) -> String { "Basic \(Data(text.utf8).base64EncodedString())" }

    @Test func `with a token set, writing needs it and reading does not`() async throws {
        try await TestRegistry.with(settings: ["HUB_REGISTRY_TOKEN": Self.token]) { registry in
            let target = "/subjects/s/versions"
            for wrong in [
                nil, "Bearer", "Bearer ", "Bearer another token", "Bearer \(Self.token)x", Self.basic("user"),
                "Basic %%%",
                Self.basic("user:wrong"), Self.basic("\(Self.token):"), Self.basic(":"), "Digest \(Self.token)",
                "Basic \(Self.token)", Self.token,
            ] {
                var fields = HTTPFields()
                fields["authorization"] = wrong
                let answer = try await registry.send(.post, target, Self.schema, fields: fields)
                #expect(answer.status == 401 && answer.code == 401, "\(wrong ?? "none"): \(answer.text)")
                #expect(answer.fields.contains("www-authenticate"))
            }
            for right in [
                "Bearer \(Self.token)", "bearer \(Self.token)", Self.basic("any:\(Self.token)"),
                Self.basic(":\(Self.token)"),
            ] {
                let answer = try await registry.send(.post, target, Self.schema, fields: ["authorization": right])
                #expect(answer.status == 200, "\(right): \(answer.text)")
            }
            _ = try await registry.get("/subjects/s/versions")
            #expect(try await registry.send(.post, "/subjects/s", Self.schema).status == 200)
            let test = "/compatibility/subjects/s/versions/latest"
            #expect(try await registry.send(.post, test, Self.schema).status == 200)
            for (method, path, body) in [
                (HTTPMethod.delete, "/subjects/s", nil as String?), (.delete, "/subjects/s/versions/1", nil),
                (.put, "/config", #"{"compatibility":"NONE"}"#), (.put, "/config/s", #"{"compatibility":"NONE"}"#),
                (.delete, "/config", nil), (.delete, "/config/s", nil), (.put, "/mode", #"{"mode":"READONLY"}"#),
                (.put, "/mode/s", #"{"mode":"READONLY"}"#), (.delete, "/mode", nil), (.delete, "/mode/s", nil),
            ] {
                #expect(try await registry.send(method, path, body).code == 401, "\(method.rawValue) \(path)")
            }
        }
    }

    @Test func `without a token, local programs may write, but no page in a browser`() async throws {
        try await TestRegistry.with { registry in
            let page = try await registry.send(
                .post, "/subjects/s/versions", Self.schema, fields: ["origin": "http://evil.example"])
            #expect(page.status == 403, "\(page.text)")
            try await registry.register(TestRegistry.record(0), "s")
        }
    }

    @Test func `without a token, a registry that other machines reach is read-only`() async throws {
        try await TestRegistry.with(settings: ["HUB_SERVICE_HOST": "0.0.0.0"]) { registry in
            let answer = try await registry.send(.post, "/subjects/s/versions", Self.schema)
            #expect(answer.status == 403 && answer.message.contains("HUB_REGISTRY_TOKEN is not set"), "\(answer.text)")
            #expect(try await registry.get("/subjects") == "[]")
        }
    }

    @Test func `a short token is refused`() async throws {
        await #expect(throws: (any Error).self) {
            try await TestRegistry.with(settings: ["HUB_REGISTRY_TOKEN": "short"]) { _ in }
        }
    }
}
