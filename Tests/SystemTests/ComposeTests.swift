import Contracts
import Foundation
import HubTesting
import Platform
import SystemTesting
import Testing

@testable import learning_hub

/// Checks the text of `deploy/compose.yaml`, because tests run no containers.
@Suite struct ComposeTests {
    private let file: ComposeFile
    private var brokers: [String: ComposeFile.Service] {
        file.services.filter { $0.value.image.hasPrefix("apache/kafka:") }
    }

    init() async throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/compose.yaml").path
        let run = try await TestPython.run(
            "-c", ["import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", path])
        try #require(run.code == 0, "\(run.output)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        file = try decoder.decode(ComposeFile.self, from: Data(run.output.utf8))
    }

    @Test func `the brokers form one quorum with as many members as a topic has replicas`() throws {
        #expect(brokers.count == TopicCatalogue.replication)
        let addresses = brokers.keys.sorted().map { "\($0):9092" }.joined(separator: ",")
        #expect(file.services["hub"]?.environment?["KAFKA_BOOTSTRAP_SERVERS"]?.text == addresses)
        let voters = brokers.map { name, broker in
            "\(broker.environment?["KAFKA_NODE_ID"]?.text ?? "none")@\(name):9093"
        }
        for (name, broker) in brokers {
            #expect(broker.environment?["KAFKA_ADVERTISED_LISTENERS"]?.text == "PLAINTEXT://\(name):9092")
            #expect(
                broker.environment?["KAFKA_CONTROLLER_QUORUM_VOTERS"]?.text == voters.sorted().joined(separator: ","))
            #expect(broker.volumes == ["\(name):/var/lib/kafka/data"])
        }
        #expect(Set(voters.map { $0.prefix { $0 != "@" } }) == ["1", "2", "3"])
        #expect(Set(brokers.values.map { $0.environment?["CLUSTER_ID"]?.text }).count == 1)
    }

    @Test func `the database allows as many connections as the hub is ready to open`() throws {
        let setting = file.services["postgres"]?.command?.last?.split(separator: "=")
        let allowed = try #require(setting?.last.flatMap { Int($0) })
        let wanted = try ConnectionBudget(Settings(commandLine: [:]), serviceCount: HubServices.all.count)
        #expect(setting?.first == "max_connections" && wanted.total < allowed)
    }

    @Test func `only the gateway publishes a port, and only on loopback`() {
        let open = file.services.filter { $0.value.ports != nil }
        #expect(Array(open.keys) == ["hub"])
        #expect(open["hub"]?.ports == ["127.0.0.1:3000:3000"])
    }

    @Test func `every part has a check, a pinned image and a volume, and the hub waits for all others`() {
        for (name, service) in file.services {
            #expect(service.healthcheck.test.first == "CMD", "\(name)")
            #expect(service.image.hasPrefix("${HUB_IMAGE:?") || service.image.contains(/:\d+\.\d+/), "\(name)")
            #expect(service.networks == ["hub"])
        }
        #expect(file.networks.keys.sorted() == ["hub"])
        let mounted = file.services.values.flatMap { $0.volumes.map { String($0.prefix { $0 != ":" }) } }
        #expect(mounted.sorted() == file.volumes.keys.sorted())
        let waits = file.services["hub"]?.dependsOn ?? [:]
        #expect(Set(waits.keys) == Set(file.services.keys).subtracting(["hub"]))
        #expect(waits.values.allSatisfy { $0.condition == "service_healthy" })
    }

    @Test func `the variables for the hub are settings of the hub`() async throws {
        let folder = try WorkFolder("compose")
        let program = try Program(["config", "--json"], [:], log: folder.file("config.log"))
        try #require(try await program.exitCode() == 0)
        let known = try program.output.split(separator: "\n").map {
            try JSONDecoder().decode(KnownSetting.self, from: Data($0.utf8))
        }
        let given = Set(try #require(file.services["hub"]?.environment).keys)
        #expect(given.subtracting(known.map(\.name)) == [])
        #expect(known.first { $0.name == "HUB_GATEWAY_PORT" }?.default == "3000")
        folder.finish()
    }

    private struct KnownSetting: Decodable {
        let name: String
        let `default`: String?
    }
}

/// The members of the file that the tests check.
private struct ComposeFile: Decodable {
    let services: [String: Service]
    let networks: [String: Empty?]
    let volumes: [String: Empty?]

    struct Service: Decodable {
        let image: String
        let command: [String]?
        let environment: [String: Scalar]?
        let ports: [String]?
        let volumes: [String]
        let networks: [String]
        let healthcheck: Check
        let dependsOn: [String: Condition]?
    }

    struct Check: Decodable {
        let test: [String]
    }

    struct Condition: Decodable {
        let condition: String
    }

    struct Empty: Decodable {}

    /// A text or a number.
    struct Scalar: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = if let number = try? value.decode(Int.self) { "\(number)" } else { try value.decode(String.self) }
        }
    }
}
