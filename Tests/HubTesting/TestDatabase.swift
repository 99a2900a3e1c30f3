internal import EventLoop
public import Postgres

/// A database of its own for a suite or a test, cloned from a template that is migrated once per process.
///
/// ```swift
/// @Test func `an account is found by its mail`() async throws {
///     try await TestDatabase.with(.init("user", UserService.migrations, schema: "user")) { test in
///         try await test.database.execute("…")
///     }
/// }
/// ```
/// The server belongs to the test process and ends with it. A database whose test failed is kept, and the way to open it printed.
public final class TestDatabase: Sendable {
    /// A state of a database that tests start from.
    public struct Template: Sendable, Hashable {
        public struct Part: Sendable, Hashable {
            public var schema: String
            public var migrations: [Migration]
        }
        public var parts: [Part]

        /// An empty database.
        public static let empty = Template(parts: [])

        public init(parts: [Part]) { self.parts = parts }

        /// One schema, migrated.
        public init(schema: String, _ migrations: [Migration]) {
            parts = [Part(schema: schema, migrations: migrations)]
        }

        /// This template and one more schema.
        public func adding(schema: String, _ migrations: [Migration]) -> Template {
            Template(parts: parts + [Part(schema: schema, migrations: migrations)])
        }
    }

    public let name: String
    /// For ``Database``s of the test's own.
    public let url: String
    /// A database on the shared loops; its schema is that of the template's last part.
    public let database: Database

    init(name: String, url: String, database: Database) {
        self.name = name
        self.url = url
        self.database = database
    }

    /// Runs `body` with a database of its own and drops it afterwards, unless the test failed.
    public static func with<Result: Sendable>(
        _ template: Template = .empty, configuration: Database.Configuration? = nil,
        _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        throw PostgresError(.startup, "not yet")
    }

    /// Another ``Database`` on the same data, as another process would have it.
    public func connect(_ configuration: Database.Configuration) -> Database {
        Database(url: url, loops: TestLoops.shared, configuration: configuration)
    }
}
