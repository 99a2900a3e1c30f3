import Contracts
import Foundation
import HubTesting
import SystemTesting
import Testing

/// An operator need not know which log a hub has: its commands answer the same.
@Suite(.serialized) struct CommandsOnEachLogTests {
    /// The output of each command, without the parts that differ between hubs.
    private struct Answers: Equatable {
        var topics: [String] = []
        var plan: Int32 = -1
        var groups: [String] = []
        var replay: [String] = []
        var letters: Int32 = -1
        var journey: Set<String> = []
        var tail: [String] = []
    }

    private struct Line: Decodable {
        var topic: String?
        var partitions: Int?
        var replication: Int?
        var retentionDays: Int?
        var producer: String?
        var consumers: [String]?
        var group: String?
        var partition: Int?
        var lag: Int?
        var held: Bool?
        var kind: String?
        var service: String?
        var name: String?
        var key: String?
        var headers: [String: String]?
    }

    private func lines(_ output: String) throws -> [Line] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private func answers(of hub: HubUnderTest, person: String, correlationID: String) async throws -> Answers {
        var answers = Answers()
        let topics = try await hub.command(["topics", "list", "--all", "--json"])
        answers.topics = try lines(topics.output).map {
            "\($0.topic ?? "") \($0.partitions ?? 0) \($0.replication ?? 0) \($0.retentionDays ?? 0) \($0.producer ?? "") \($0.consumers ?? [])"
        }
        answers.plan = try await hub.command(["topics", "plan"]).code
        answers.groups = try await eventually(within: .seconds(60), "every group is at its end") {
            let groups = try lines(try await hub.command(["groups", "describe", "--json"]).output)
            guard groups.allSatisfy({ $0.lag == 0 }), !groups.isEmpty else { return nil }
            return groups.map { "\($0.group ?? "") \($0.topic ?? "") \($0.partition ?? -1) \($0.held ?? false)" }
        }
        let sums = try lines(try await hub.command(["groups", "list", "--json"]).output)
        #expect(sums.map { $0.group } == Set(answers.groups.map { String($0.prefix { $0 != " " }) }).sorted())
        for sum in sums { #expect(sum.partitions == answers.groups.count { $0.hasPrefix("\(sum.group ?? "") ") }) }
        answers.letters = try await hub.command(["dlq", "list", "--json"]).code
        let trace = try await hub.command(["trace", correlationID, "--json"])
        answers.journey = Set(try lines(trace.output).map { "\($0.kind ?? "") \($0.service ?? "") \($0.name ?? "")" })
        let tail = try await hub.command(["topics", "tail", "user.registered", "--from-beginning", "--json"])
        answers.tail = try lines(tail.output).filter { $0.headers?["correlation-id"] == correlationID }
            .map { "\($0.partition ?? -1) \($0.key == nil) \(($0.headers ?? [:]).keys.sorted())" }
        #expect(answers.tail.count == 1)
        answers.tail = answers.tail.map { String($0.drop { $0 != " " }) }
        let replay = try await hub.command(["replay", "gamification", "--topic", "user.registered", "--from-beginning"])
        answers.replay = [replay.output.contains("0 failed") ? "nothing failed" : replay.output, "\(replay.code)"]
        return answers
    }

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"))
    func `commands have the same output on each log`() async throws {
        var all: [(log: HubLogKind, answers: Answers)] = []
        for log in HubLogKind.all {
            let hub = try await HubUnderTest.inOneProcess(try await log.environment())
            let person = "\(UUID().uuidString.lowercased())@example.com", correlationID = "req_\(UUID().uuidString)"
            #expect(try await hub.client.register(person, correlationID: correlationID).status == 201)
            let token = try await hub.client.logIn(person)
            try await eventually(within: .seconds(60), "points and mail are there") {
                let mails = try await hub.client.mailbox(person).count
                return try await hub.client.points(token) > 0 && mails == 1
            }
            all.append((log, try await answers(of: hub, person: person, correlationID: correlationID)))
            let doctor = try await hub.command(["doctor"])
            #expect(doctor.code == 0, "\(log): \(doctor.output)")
            #expect(try await hub.stop() == [0])
        }
        for other in all.dropFirst() {
            #expect(other.answers.topics == all[0].answers.topics)
            #expect(other.answers == all[0].answers, "\(other.log)")
        }
        let count = TopicCatalogue.all.count + 2 * TopicCatalogue.groups.count
        #expect(all[0].answers.topics.count == count && all[0].answers.plan == 0)
    }

    @Test(.enabled(if: !TestKafka.versions.isEmpty, "no KAFKA_HOME"))
    func `doctor lists the brokers, explains a missing one, and reports an unreachable cluster`() async throws {
        let cluster = try await TestKafka.shared(try #require(TestKafka.versions.last))
        let hub = try await HubUnderTest.inOneProcess(["KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers])
        let servers = cluster.bootstrapServers.split(separator: ",").map(String.init)
        let sound = try await hub.command(["doctor"])
        #expect(sound.code == 0 && servers.allSatisfy { sound.output.contains($0) }, "\(sound.output)")

        try await cluster.kill(3)
        try await eventually(within: .seconds(180), "the others have noticed") {
            try await hub.command(["doctor"]).output.contains("too few in-sync replicas")
        }
        try await cluster.restart(3)
        try await eventually(within: .seconds(180), "it has caught up") {
            let answer = try await hub.command(["doctor"])
            return answer.code == 0 && !answer.output.contains("in-sync")
        }
        let port = try FreePort.any()
        let lost = try await hub.command(["doctor"], ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:\(port)"])
        #expect(lost.code == 1 && lost.output.contains("Connection refused"), "\(lost.output)")
        #expect(lost.output.contains("start the brokers, or correct KAFKA_BOOTSTRAP_SERVERS"), "\(lost.output)")
        #expect(lost.output.components(separatedBy: "cannot be checked without the log").count == 3)
        #expect(try await hub.stop() == [0])
    }
}
