import Contracts
import Foundation
import HTTP
import HubTesting
import Postgres
import SystemTesting
import Testing

/// The schema registry as programs in other languages use it.
@Suite struct OtherLanguagesTests {
    private static let token = "a token of the registry"
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `a Python client registers, is refused, and reads and writes the hub's events`() async throws {
        let hub = try await HubUnderTest.inOneProcess(["HUB_REGISTRY_TOKEN": Self.token])
        let address = "http://127.0.0.1:\(try hub.port(of: "registry"))"
        let run = try await TestPython.run(
            Self.root.appending(path: "Tests/SystemTests/Scripts/registry_client.py").path,
            [address, Self.token, Self.root.appending(path: "Tests/ContractsTests/Goldens").path])
        #expect(run.code == 0, "\(run.output)")
        #expect(run.output.hasSuffix("\(EventCatalogue.all.count) events\n"), "\(run.output)")
        #expect(try await hub.stop() == [0])
    }

    @Test func `of two incompatible schemas sent to two processes concurrently one is registered`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["registry"])
        let second = try await HubUnderTest.inManyProcesses(["registry"], ["DATABASE_URL": hub.databaseURL])
        let addresses = try [hub, second].map { "http://127.0.0.1:\(try $0.port(of: "registry"))" }
        let http = HTTPClient(loops: TestLoops.shared)
        for round in 0..<20 {
            let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<6 {
                    group.addTask {
                        var request = HTTPClientRequest(
                            .post, "\(addresses[number % 2])/subjects/s-\(round)/versions",
                            fields: ["content-type": "application/json"])
                        let schema =
                            #"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\#(number % 3)\",\"type\":\"int\"}]}"#
                        request.body = .text(#"{"schema":"\#(schema)"}"#)
                        let response = try await http.send(request)
                        let body = try await response.body.collect(bytesMax: 1 << 20)
                        return (response.status.code, String(decoding: body, as: UTF8.self))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map(\.0).sorted() == [200, 200, 409, 409, 409, 409], "\(answers)")
            #expect(Set(answers.filter { $0.0 == 200 }.map(\.1)).count == 1, "\(answers)")
        }
        await http.close()
        #expect(try await hub.stop() == [0])
        #expect(try await second.stop() == [0])
    }

    @Test func `the examples have a help text`() async throws {
        for example in ["consume.py", "produce.py"] {
            let run = try await TestPython.run(Self.example(example), ["--help"])
            #expect(run.code == 0 && run.output.contains("--registry"), "\(run.output)")
        }
    }

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"))
    func `programs in Python read the hub's own topics and write to them`() async throws {
        // Unreadable messages would be dead letters of every other hub on the cluster.
        let kafka = try await TestKafka.start(try #require(TestKafka.versions.last))
        let hub = try await HubUnderTest.inOneProcess(["KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrapServers])
        let registry = "http://127.0.0.1:\(try hub.port(of: "registry"))"
        let places = ["--registry", registry, "--brokers", kafka.bootstrapServers]

        #expect(try await hub.client.register("ada@example.com").status == 201)
        let read = try await TestPython.run(
            Self.example("consume.py"), ["user.registered", "--from-beginning", "--limit", "1"] + places)
        #expect(read.code == 0 && read.output.contains(#""email": "ada@example.com""#), "\(read.output)")

        let write = ["user.registered", "--key", "usr_python"] + places
        let refused = try await TestPython.run(Self.example("produce.py"), write, input: #"{"userId": "usr_python"}"#)
        #expect(
            refused.code == 1 && refused.output.contains("the data do not match the schema of user.registered"),
            "\(refused.output)")
        let broken = try await TestPython.run("-c", [Self.produceBroken, kafka.bootstrapServers])
        #expect(broken.code == 0, "\(broken.output)")
        let written = try await TestPython.run(Self.example("produce.py"), write, input: Self.grace)
        #expect(written.code == 0, "\(written.output)")
        let id = try #require(written.output.split(separator: "\n").last.map(String.init))

        let probe = try await Probe(hub.databaseURL)
        try await eventually(within: .seconds(60), "the ledger has the person whom Python registered") {
            try await probe.count(
                """
                select count(*) from gamification.points_award
                where user_id = 'usr_python' and source_event_id = \(id) and rule = 'sign-up'
                """) == 1
        }
        await probe.close()
        let letters: [Letter] = try await eventually(within: .seconds(60), "there is a dead letter") {
            let list = try await hub.command(["dlq", "list", "--group", "gamification", "--json"]).output
            let letters = try list.split(separator: "\n").map {
                try JSONDecoder().decode(Letter.self, from: Data($0.utf8))
            }
            return letters.isEmpty ? nil : letters
        }
        #expect(letters.map(\.eventId) == ["evt_broken"])
        #expect(try await hub.stop() == [0])
    }

    private struct Letter: Decodable {
        let eventId: String?
    }

    private static let grace = #"""
        {"userId": "usr_python", "email": "grace@example.com", "firstName": "Grace", "lastName": "Hopper",
         "role": "STUDENT", "registeredAt": "2026-01-31T12:00:00Z"}
        """#

    /// The key selects the same partition as that of the next event.
    private static let produceBroken = """
        import sys
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": sys.argv[1]})
        headers = {"event-id": "evt_broken", "event-type": "user.registered", "correlation-id": "req_broken"}
        producer.produce("user.registered", key=b"usr_python", value=b"no event", headers=headers)
        sys.exit(producer.flush(30))
        """

    private static func example(_ name: String) -> String { root.appending(path: "examples/python/\(name)").path }
}
