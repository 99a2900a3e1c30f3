import Contracts
import Foundation
import HTTP
import HubTesting
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

    @Test func `of incompatible schemas that reach two processes at once one is registered`() async throws {
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

    @Test func `the examples say how they are used`() async throws {
        for example in ["consume.py", "produce.py"] {
            let run = try await TestPython.run(Self.example(example), ["--help"])
            #expect(run.code == 0 && run.output.contains("--registry"), "\(run.output)")
        }
    }

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "KAFKA_HOME names no Kafka"))
    func `an event that one example writes to Kafka is read by the other`() async throws {
        let hub = try await HubUnderTest.inManyProcesses(["registry"])
        let kafka = try await TestKafka.shared(try #require(TestKafka.versions.last))
        let registry = "http://127.0.0.1:\(try hub.port(of: "registry"))"
        let places = ["--registry", registry, "--brokers", kafka.bootstrapServers]
        let topic = "example.\(UUID().uuidString.lowercased())"
        let made = try await TestPython.run("-c", [Self.makeTopic, topic, registry, kafka.bootstrapServers])
        #expect(made.code == 0, "\(made.output)")

        let data = #"""
            {"userId": "usr_1", "email": "ada@example.org", "firstName": "Ada", "lastName": "Lovelace", "role": "STUDENT",
             "registeredAt": "2026-01-31T12:00:00Z"}
            """#
        let write = [topic, "--key", "usr_1"] + places
        let written = try await TestPython.run(Self.example("produce.py"), write, input: data)
        #expect(written.code == 0, "\(written.output)")
        let refused = try await TestPython.run(Self.example("produce.py"), write, input: #"{"userId": "usr_1"}"#)
        #expect(refused.code == 1 && refused.output.contains("not an event of \(topic)"), "\(refused.output)")
        let read = try await TestPython.run(
            Self.example("consume.py"), [topic, "--from-beginning", "--limit", "1", "--group", topic] + places)
        #expect(read.code == 0 && read.output.contains(#""email": "ada@example.org""#), "\(read.output)")
        let id = try #require(written.output.split(separator: "\n").last)
        #expect(id.hasPrefix("evt_") && read.output.contains(id), "\(written.output) \(read.output)")
        #expect(try await hub.stop() == [0])
    }

    /// A topic whose events look like those of `user.registered`.
    private static let makeTopic = """
        import sys
        from confluent_kafka.admin import AdminClient, NewTopic
        from confluent_kafka.schema_registry import SchemaRegistryClient
        topic, registry, brokers = sys.argv[1:]
        schemas = SchemaRegistryClient({"url": registry})
        schemas.register_schema(topic + "-value", schemas.get_latest_version("user.registered-value").schema)
        kafka = AdminClient({"bootstrap.servers": brokers})
        kafka.create_topics([NewTopic(topic, 3, 3)])[topic].result()
        """

    private static func example(_ name: String) -> String { root.appending(path: "examples/python/\(name)").path }
}
