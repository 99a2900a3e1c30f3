import Contracts
import Foundation
import HTTP
import HubTesting
import Messaging
import Observability
import Postgres
import SystemTesting
import Testing

/// Every answer can be found by its correlation id, for a day: reads and refusals too.
@Suite(.serialized) struct RequestTraceTests {
    private static let services = ["gateway", "user", "auth", "course", "notification", "gamification"]

    private struct Step: Decodable {
        let kind, service, name: String
        let status: Int?
    }

    /// The trace of a request, after each of `services` has stored it.
    private func steps(_ id: String, of hub: HubUnderTest, by services: Set<String>) async throws -> [Step] {
        try await eventually(within: .seconds(30), "\(id) is known to \(services)") {
            let trace = try await hub.command(["trace", id, "--json"])
            guard trace.code == 0 else { return nil }
            let steps = try trace.output.split(separator: "\n").map {
                try JSONDecoder().decode(Step.self, from: Data($0.utf8))
            }
            // The first request with a token makes the gateway fetch the keys.
            let own = steps.filter { $0.name != "GET /.well-known/jwks.json" }
            return Set(own.map(\.service)) == services ? own : nil
        }
    }

    @Test(arguments: HubLogKind.all)
    func `reads and refusals are found in a hub of one process`(log: HubLogKind) async throws {
        try await findsAll(try await HubUnderTest.inOneProcess(try await log.environment()))
    }

    @Test(arguments: HubLogKind.all)
    func `reads and refusals are found in a hub of many processes`(log: HubLogKind) async throws {
        try await findsAll(try await HubUnderTest.inManyProcesses(Self.services, try await log.environment()))
    }

    private func findsAll(_ hub: HubUnderTest) async throws {
        #expect(try await hub.client.register("ada@example.com").status == 201)
        let token = try await hub.client.logIn("ada@example.com")
        let cases:
            [(target: String, token: String?, method: HTTPMethod, status: Int, name: String, from: Set<String>)] = [
                ("/users/me", token, .get, 200, "GET /users/me", ["gateway", "user"]),
                ("/courses?limit=2", nil, .get, 200, "GET /courses", ["gateway", "course"]),
                ("/users/me", nil, .get, 401, "GET /users/me", ["gateway", "user"]),
                ("/users/me", "forged", .get, 401, "GET /users/**", ["gateway"]),
                ("/no/such/path", nil, .get, 404, "GET /{path...}", ["gateway"]),
                ("/courses/crs_none", nil, .get, 404, "GET /courses/{id}", ["gateway", "course"]),
                ("/docs", nil, .get, 200, "GET /docs", ["gateway"]),
            ]
        for (index, one) in cases.enumerated() {
            let id = index % 2 == 0 ? "asked-\(index)" : nil
            let answer = try await hub.client.send(
                one.method, one.target, token: one.token, fields: id.map { ["x-correlation-id": $0] } ?? [:])
            #expect(answer.status == one.status, "\(one.target)")
            let correlationID = try #require(answer.fields["x-correlation-id"])
            #expect(answer.fields["hub-route"] == nil)
            let steps = try await steps(correlationID, of: hub, by: one.from)
            #expect(Set(steps.map(\.name)) == [one.name], "\(steps)")
            #expect(steps.allSatisfy { $0.status == one.status && $0.kind == "http" }, "\(steps)")
        }
        // Too long a header is refused before routing.
        let refused = try await hub.client.send(
            .get, "/users/me", fields: ["x-correlation-id": "much", "x-long": String(repeating: "x", count: 20_000)])
        #expect(refused.status == 431)
        let correlationID = try #require(refused.fields["x-correlation-id"])
        #expect(try await steps(correlationID, of: hub, by: ["gateway"]).map(\.status) == [431])

        let unknown = try await hub.command(["trace", "req_nobody"])
        #expect(
            unknown.code == 1 && unknown.errors.contains("the hub has no records of req_nobody"), "\(unknown.errors)")
        try await eventually(within: .seconds(30), "the event is in the log") {
            let part = try await hub.command(["trace", "usr_"])
            return part.code == 1 && part.errors.contains("usr_ is not a complete id")
        }
        #expect(try await hub.stop().allSatisfy { $0 == 0 })
    }

    @Test func `trace shows the last hundred journeys of a person, and says that there are more`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["user"])
        let database = Database(url: hub.databaseURL, loops: TestLoops.shared)
        let log = PostgresLog(
            database: database, loops: TestLoops.shared, logger: Logger(label: "test", sink: LogRecorder()))
        let records = (1...101).map { turn in
            NewRecord(
                topic: UserUpdated.topic.name, key: "usr_many",
                headers: [RecordHeader(HeaderName.correlationID, "turn-\(turn)")], value: [])
        }
        for outcome in await log.append(records) { guard case .accepted = outcome else { throw CancellationError() } }
        let trace = try await hub.command(["trace", "usr_many"])
        #expect(trace.code == 0 && trace.output.split(separator: "\n").count { $0.hasPrefix("turn-") } == 100)
        #expect(
            trace.errors.contains("not everything is shown: only the last 100 of 101 journeys are shown"),
            "\(trace.errors)")
        await database.close()
        #expect(try await hub.stop() == [0])
    }
}
