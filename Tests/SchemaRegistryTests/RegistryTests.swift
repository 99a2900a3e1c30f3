import Avro
import Contracts
import HubTesting
import Postgres
import SchemaRegistry
import Testing

/// The behaviour of all registries; each test runs on each of them.
@Suite struct RegistryTests {
    enum Kind: CaseIterable, Sendable { case memory, postgres }

    private static let template = TestDatabase.Template(
        schema: PostgresSchemaRegistry.schema, [PostgresSchemaRegistry.migrations])

    private func withRegistry(_ kind: Kind, _ body: @escaping @Sendable (any SchemaRegistry) async throws -> Void)
        async throws
    {
        switch kind {
        case .memory: try await body(InMemorySchemaRegistry())
        case .postgres:
            try await TestDatabase.with(Self.template) { test in
                try await body(PostgresSchemaRegistry(database: test.database))
            }
        }
    }

    private let first = Schema(generated: #"{"type": "record", "name": "R", "fields": []}"#)
    private let second = Schema(
        generated: #"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": 1}]}"#)

    @Test(arguments: Kind.allCases)
    func `registering again gives the same id and no new version`(kind: Kind) async throws {
        try await withRegistry(kind) { registry in
            let id = try await registry.register(first, subject: "s-value")
            let other = try await registry.register(second, subject: "s-value")
            #expect(id != other)
            #expect(try await registry.register(first, subject: "s-value") == id)
            #expect(try await registry.register(first, subject: "t-value") == id)
            #expect(try await registry.versions(subject: "s-value").map(\.version) == [1, 2])
            #expect(try await registry.versions(subject: "s-value").map(\.id) == [id, other])
            #expect(try await registry.schema(id: other) == second)
            #expect(try await registry.subjects() == ["s-value", "t-value"])
        }
    }

    @Test(arguments: Kind.allCases)
    func `an unknown subject or id is nil or empty`(kind: Kind) async throws {
        try await withRegistry(kind) { registry in
            let schema = try await registry.schema(id: .number(7))
            let versions = try await registry.versions(subject: "none")
            let subjects = try await registry.subjects()
            #expect(schema == nil)
            #expect(versions.isEmpty)
            #expect(subjects.isEmpty)
        }
    }

    @Test(arguments: Kind.allCases)
    func `many registering the same schemas at once agree on their ids`(kind: Kind) async throws {
        try await withRegistry(kind) { registry in
            let events = EventCatalogue.all
            let answers = try await withThrowingTaskGroup(of: [SchemaID].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var ids: [SchemaID] = []
                        for event in events {
                            ids.append(try await registry.register(event.schema, subject: event.topic.valueSubject))
                        }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers).count == 1)
            #expect(Set(answers[0]).count == events.count)
            for event in events {
                #expect(try await registry.versions(subject: event.topic.valueSubject).map(\.version) == [1])
            }
        }
    }

    @Test func `another process finds what one registered`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let id = try await PostgresSchemaRegistry(database: test.database).register(second, subject: "s-value")
            let other = PostgresSchemaRegistry(database: test.connect(.init()))
            #expect(try await other.schema(id: id) == second)
            #expect(try await other.register(second, subject: "s-value") == id)
        }
    }

    @Test func `what was registered before schemas were kept in normal form keeps its id`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let text = #"{"name":"R","type":"record","fields":[{"type":"int","name":"a","default":1}]}"#
            try await test.database.execute("insert into registry.schema (text) values (\(text))")
            try await test.database.execute("insert into registry.version values ('s-value', 1, 1)")
            let registry = PostgresSchemaRegistry(database: test.database)
            #expect(try await registry.register(second, subject: "s-value") == .number(1))
            #expect(try await registry.register(second, subject: "t-value") == .number(1))
            #expect(try await registry.versions(subject: "s-value").map(\.version) == [1])
            #expect(try await registry.version(.latest, of: "t-value").text == second.normalText)
        }
    }

    @Test func `an event that breaks the rule is refused, with field and rule`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let registry = PostgresSchemaRegistry(database: test.database)
            _ = try await registry.register(first, subject: "s-value")
            let broken = Schema(generated: #"{"type":"record","name":"R","fields":[{"name":"must","type":"int"}]}"#)
            await #expect(throws: RegistryRefusal.self) { try await registry.register(broken, subject: "s-value") }
            do {
                _ = try await registry.register(broken, subject: "s-value")
            } catch {
                #expect("\(error)".contains("must: a field the writer does not have needs a default"), "\(error)")
            }
            #expect(try await registry.versions(subject: "s-value").map(\.version) == [1])
        }
    }
}
