import Avro
import Contracts
import Testing

/// Programs of different versions on the same topics: in any order of upgrades, all read all events.
@Suite struct EvolutionTests {
    /// Every version of every event, as in a program built with it.
    static let versions = EventCatalogue.all.flatMap { (try? Golden.all(of: $0)) ?? [] }

    @Test func `there are events of more than one version`() {
        let second = Self.versions.filter { $0.version == 2 }.map(\.topic)
        #expect(second.contains(QuizSubmitted.topic.name) && second.contains(AssignmentGraded.topic.name))
    }

    @Test(arguments: [QuizSubmitted.topic, AssignmentGraded.topic])
    func `a reader of the first version reads messages of the second without the new fields`(
        topic: Topic
    ) throws {
        let (first, second) = (Golden(topic: topic.name, version: 1), Golden(topic: topic.name, version: 2))
        let old = try first.schema()
        let plan = try ResolutionPlan(writer: second.schema(), reader: old)
        let read = try AvroValue(decoding: plan.resolve(second.bytes()), schema: old).json(of: old)
        // The examples of both versions differ in nothing else.
        #expect(try read == first.json())
    }

    @Test func `a message of the first version has neither lesson nor pass result`() throws {
        let quiz = try read(QuizSubmitted.self, version: 1), work = try read(AssignmentGraded.self, version: 1)
        #expect(quiz.lessonID == nil && quiz.passed && quiz.attempt == 2)
        #expect(work.lessonID == nil && work.passed == nil && work.feedback == "Well argued.")
    }

    @Test func `a message of the second version has lesson and pass result`() throws {
        let quiz = try read(QuizSubmitted.self, version: 2), work = try read(AssignmentGraded.self, version: 2)
        #expect(quiz.lessonID?.rawValue == "lsn_l1" && work.lessonID?.rawValue == "lsn_l2" && work.passed == true)
    }

    /// As in the log: events of each version, read by each version.
    @Test(arguments: EventCatalogue.all.map { $0.topic })
    func `readers of every version read writers of every version`(topic: Topic) throws {
        let goldens = Self.versions.filter { $0.topic == topic.name }
        try #require(goldens.allSatisfy { $0.has(.bytes) }, "\(Golden.advice)")
        for reader in goldens {
            let schema = try reader.schema()
            for writer in goldens {
                let bytes = try ResolutionPlan(writer: writer.schema(), reader: schema).resolve(writer.bytes())
                let value = try AvroValue(decoding: bytes, schema: schema)
                #expect(try value.encoded(as: schema) == bytes, "\(reader.version) of \(writer.version)")
            }
        }
    }

    private func read<E: Event>(_ event: E.Type, version: Int) throws -> E {
        let golden = Golden(topic: E.topic.name, version: version)
        let plan = try ResolutionPlan(writer: golden.schema(), reader: E.schema)
        return try Envelope<E>(avro: golden.bytes(), from: 0, by: plan).data
    }
}
