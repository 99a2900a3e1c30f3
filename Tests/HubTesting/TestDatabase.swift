internal import EventLoop
internal import Foundation
public import Postgres
internal import Synchronization
internal import Testing

/// A separate database for a suite or a test, cloned from a template that is migrated once per process.
///
/// ```swift
/// @Test func `an account is found by its mail`() async throws {
///     try await TestDatabase.with(.init(schema: "user", UserService.histories)) { test in
///         try await test.database.execute("…")
///     }
/// }
/// ```
/// The server belongs to the test process and ends with it. A database whose test failed is kept, and the way to open it printed.
public final class TestDatabase: Sendable {
    /// The initial state of a database for tests.
    public struct Template: Sendable, Hashable {
        public struct Part: Sendable, Hashable {
            public var schema: String
            public var histories: [MigrationHistory]
        }
        public var parts: [Part]

        /// An empty database.
        public static let empty = Template(parts: [])

        public init(parts: [Part]) { self.parts = parts }

        /// One schema, migrated.
        public init(schema: String, _ histories: [MigrationHistory]) {
            parts = [Part(schema: schema, histories: histories)]
        }

        /// This template and one more schema.
        public func adding(schema: String, _ histories: [MigrationHistory]) -> Template {
            Template(parts: parts + [Part(schema: schema, histories: histories)])
        }
    }

    public let name: String
    /// For other ``Database`` values of the test.
    public let url: String
    /// A database on the shared loops, with the schema of the template's last part.
    public let database: Database
    private let running: TestServer.Running

    private init(name: String, template: Template, configuration: Database.Configuration?, running: TestServer.Running)
    {
        self.name = name
        self.running = running
        url = running.server.url(database: name)
        var configuration = configuration ?? Database.Configuration(connectionsPerLoop: 4, acquireTimeout: .seconds(30))
        configuration.schema = configuration.schema ?? template.parts.last?.schema
        database = Database(url: url, loops: TestLoops.shared, configuration: configuration)
    }

    /// Runs `body` with a separate database and drops it afterwards, unless the test failed.
    @discardableResult
    public static func with<Result: Sendable>(
        _ template: Template = .empty, configuration: Database.Configuration? = nil,
        _ body: @escaping @Sendable (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let test = try await make(template, configuration: configuration)
        let result = Outcome<Result>(), failed = Flag()
        do {
            try await noteIssues(in: failed) { result.set(try await body(test)) }
        } catch {
            await test.keep()
            throw error
        }
        if failed.isSet { await test.keep() } else { try await test.drop() }
        return try result.get()
    }

    private static func noteIssues(
        in failed: Flag, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard let test = Test.current else { return try await body() }
        let own = test.id
        let trait: IssueHandlingTrait = .compactMapIssues { issue in
            // An issue of no test, such as a stall, is shown to all that run.
            if Test.current?.id == own { failed.set() }
            return issue
        }
        try await trait.provideScope(for: test, testCase: Test.Case.current, performing: body)
    }

    /// A separate database that the caller may drop; it is deleted with the server.
    public static func make(
        _ template: Template = .empty, configuration: Database.Configuration? = nil
    ) async throws -> TestDatabase {
        let name = try await TestServer.shared.clone(template)
        let running = try await TestServer.shared.running()
        return TestDatabase(name: name, template: template, configuration: configuration, running: running)
    }

    public func drop() async throws {
        await database.close()
        try await running.database.execute("drop database \(quoted: name) with (force)")
    }

    private func keep() async {
        await database.close()
        running.watcher.keep()
        let title = Test.current?.name ?? "a test"
        FileHandle.standardError.write(Data("kept the database of \(title): \(running.folder)/open \(name)\n".utf8))
    }

    /// Another ``Database`` on the same data, like that of another process.
    public func connect(_ configuration: Database.Configuration = .init(acquireTimeout: .seconds(30))) -> Database {
        Database(url: url, loops: TestLoops.shared, configuration: configuration)
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

private final class Outcome<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    func set(_ new: Value) { value.withLock { $0 = new } }
    func get() throws -> Value {
        guard let value = value.withLock({ $0 }) else { throw CancellationError() }
        return value
    }
}
