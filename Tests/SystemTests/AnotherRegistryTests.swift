import Contracts
import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// A hub with an external schema registry: that of another hub.
@Suite struct AnotherRegistryTests {
    private static let token = "a token of the registry"

    /// All events except one subject.
    private static func otherRegistry(without subject: String? = nil) async throws -> (hub: HubUnderTest, url: String) {
        let hub = try await HubUnderTest.inManyProcesses(["registry"], ["HUB_REGISTRY_TOKEN": token])
        let url = "http://127.0.0.1:\(try hub.port(of: "registry"))"
        if let subject { #expect(try await send(.delete, "\(url)/subjects/\(subject)").status == 200) }
        return (hub, url)
    }

    private static func send(
        _ method: HTTPMethod, _ url: String, _ body: String? = nil
    ) async throws -> (status: Int, text: String) {
        var request = HTTPClientRequest(method, url, fields: ["authorization": "Bearer \(token)"])
        if let body {
            request.fields["content-type"] = "application/json"
            request.body = .text(body)
        }
        let http = HTTPClient(loops: TestLoops.shared)
        let response = try await http.send(request)
        let bytes = try await response.body.collect(bytesMax: 1 << 20)
        await http.close()
        return (response.status.code, String(decoding: bytes, as: UTF8.self))
    }

    @Test func `events are registered at an external registry, and cached schemas outlast it`() async throws {
        let (other, url) = try await Self.otherRegistry(without: "points.awarded-value")
        let hub = try await HubUnderTest.inOneProcess([
            "SCHEMA_REGISTRY_URL": "http://127.0.0.1:\(try RawServer.deadPort()),\(url)",
            "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "hub:\(Self.token)",
        ])
        #expect(!hub.output.contains("registry"), "\(hub.output)")
        #expect(try await Self.send(.get, "\(url)/subjects/points.awarded-value/versions").text == "[2]")
        #expect(try await hub.client.register("ada@example.com").status == 201)
        try await eventually("the mail is there") { try await hub.client.mailbox("ada@example.com").count == 1 }

        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let tables = try await database.query("select to_regclass('registry.version') is null").first?.decode(Bool.self)
        #expect(tables == true, "the hub keeps no schemas of its own")
        await database.close()
        let settings = ["SCHEMA_REGISTRY_URL": url]
        let doctor = try await hub.command(["doctor"], settings)
        #expect(
            doctor.code == 0 && doctor.output.contains("\(EventCatalogue.all.count) schemas, all registered at \(url)"),
            "\(doctor)")
        let tail = try await hub.command(
            ["topics", "tail", "user.registered", "--from-beginning", "--limit", "1", "--json"], settings)
        #expect(tail.output.contains(#""email":"ada@example.com""#), "\(tail)")

        #expect(try await other.stop() == [0])
        #expect(try await hub.client.register("bob@example.com").status == 201)
        try await eventually("the mail is there") { try await hub.client.mailbox("bob@example.com").count == 1 }
        let user = HubClient(address: "http://127.0.0.1:\(try hub.port(of: "user"))")
        let ready = try await eventually("the user service names the registry") {
            let answer = try await user.get("/health/ready")
            return answer.text.contains(#""registry":"failing""#) ? answer : nil
        }
        #expect(ready.status == 200 && ready.text.contains(#""status":"ready""#), "\(ready.text)")
        await user.close()
        let broken = try await hub.command(["doctor"], settings)
        #expect(broken.code == 1 && broken.output.contains("no schema registry responded: \(url): "), "\(broken)")
        #expect(try await hub.stop() == [0])
    }

    @Test func `a start without the right to register names the setting`() async throws {
        let (other, url) = try await Self.otherRegistry(without: "badge.earned-value")
        let reason = try await HubUnderTest.failedStart([
            "SCHEMA_REGISTRY_URL": url, "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "hub:another password",
        ])
        #expect(
            reason.contains("\(url) rejected the credentials (401)"),
            "\(reason)")
        #expect(reason.contains("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"))
        #expect(!reason.contains("another password"))
        #expect(try await other.stop() == [0])
    }

    @Test func `a start without a registry reports the failure of each address`() async throws {
        let url = "http://127.0.0.1:\(try RawServer.deadPort())"
        let reason = try await HubUnderTest.failedStart(["SCHEMA_REGISTRY_URL": url])
        #expect(
            reason.contains("no schema registry responded: \(url): "),
            "\(reason)")
        #expect(reason.contains("Check SCHEMA_REGISTRY_URL"))
    }

    @Test func `an event that is incompatible at an external registry stops the start with a reason`() async throws {
        let (other, url) = try await Self.otherRegistry(without: "badge.earned-value")
        let foreign = #"{"schema":"{\"type\":\"record\",\"name\":\"BadgeEarned\",\"fields\":[]}"}"#
        _ = try await Self.send(.delete, "\(url)/subjects/badge.earned-value?permanent=true")
        #expect(try await Self.send(.post, "\(url)/subjects/badge.earned-value/versions", foreign).status == 200)
        let reason = try await HubUnderTest.failedStart([
            "SCHEMA_REGISTRY_URL": url, "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "hub:\(Self.token)",
        ])
        #expect(reason.contains("refused badge.earned-value: "), "\(reason)")
        #expect(reason.contains("a field the writer does not have needs a default"))
        #expect(try await other.stop() == [0])
    }

    @Test func `a hub with foreign schema ids does not start with an external registry`()
        async throws
    {
        let (other, url) = try await Self.otherRegistry()
        let (own, _) = try await Self.otherRegistry()
        let databaseURL = own.databaseURL
        #expect(try await own.stop() == [0])
        let settings = ["DATABASE_URL": databaseURL, "SCHEMA_REGISTRY_URL": url]
        // Both gave the same ids to the same schemas.
        let same = try await HubUnderTest.inManyProcesses(["user"], settings)
        #expect(try await same.stop() == [0])

        let again = try await HubUnderTest.inManyProcesses(
            ["registry"], ["DATABASE_URL": databaseURL, "HUB_REGISTRY_TOKEN": Self.token])
        let address = "http://127.0.0.1:\(try again.port(of: "registry"))"
        let next = EventCatalogue.all.count + 1
        #expect(
            try await Self.send(.post, "\(address)/subjects/mine/versions", #"{"schema":"\"int\""}"#).text
                == #"{"id":\#(next)}"#)
        #expect(try await again.stop() == [0])
        let reason = try await HubUnderTest.failedStart(of: ["user"], settings)
        #expect(
            reason.contains("does not have schema \(next) of the hub's own registry"),
            "\(reason)")
        #expect(try await other.stop() == [0])
    }

    @Test func `a hub with an external registry runs none`() async throws {
        let (other, url) = try await Self.otherRegistry()
        let reason = try await HubUnderTest.failedStart(of: ["registry"], ["SCHEMA_REGISTRY_URL": url])
        #expect(reason.contains("so it serves none itself"), "\(reason)")
        #expect(try await other.stop() == [0])
    }
}
