public import Avro
public import EventLoop
public import Postgres

/// The embedded registry: every version of every schema, in tables of the PostgreSQL schema `registry`.
///
/// Ids are assigned once and never change. Several processes may use it concurrently: a lock admits one writer at a time; readers are not
/// blocked.
public final class PostgresSchemaRegistry: SchemaRegistry {
    /// The PostgreSQL schema of its tables; run ``migrations`` there before use.
    public static let schema = "registry"
    /// The default level for every subject, which our own contracts need.
    public static let compatibilityStandard = CompatibilityMode.fullTransitive
    /// The maximum number of versions of a subject. A new one is compared with all of them.
    public static let versionCountMax = 1_000
    /// The maximum total size of a subject's versions in bytes.
    public static let versionBytesMax = 16 * 1024 * 1024

    let database: Database
    let known = SchemaCache<Int32>()
    private let threads: BlockingPool?

    /// - Parameter threads: for parsing and comparing large schemas, stopped with the registry; nil where blocking is acceptable.
    public init(database: Database, threads: BlockingPool? = nil) {
        self.database = database
        self.threads = threads
    }

    deinit { threads?.shutdown() }

    public nonisolated(nonsending) func register(_ schema: Schema, subject: String) async throws -> SchemaID {
        .number(try await register(schema, subject: subject, as: nil).id)
    }

    public nonisolated(nonsending) func schema(id: SchemaID) async throws -> Schema? {
        guard case .number(let number) = id else { return nil }
        if let schema = known[number] { return schema }
        let rows = try await database.query("select text from registry.schema where id = \(number)")
        guard let text = try rows.first?.decode(String.self) else { return nil }
        return try await burning { [known] in
            let schema = try Schema(parsing: text)
            known.keep(schema, as: number)
            return schema
        }
    }

    public nonisolated(nonsending) func versions(subject: String) async throws -> [RegisteredSchema] {
        let versions = try await versions(of: subject, on: database)
        return try await burning { [self] in
            try versions.map {
                RegisteredSchema(
                    subject: subject, version: Int($0.version), id: .number($0.id), schema: try parsed($0))
            }
        }
    }

    public nonisolated(nonsending) func subjects() async throws -> [String] { try await subjects(withPrefix: "") }

    public nonisolated(nonsending) func check() async throws { try await database.check() }

    /// Runs long computations on the registry's threads.
    /// - Throws: `BlockingPool.Refusal` when the queue is full, and what `work` throws.
    public func burning<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        guard let threads else { return try work() }
        return try await threads.run(work)
    }

    /// Runs `body` as the only writer.
    func writing<Result: Sendable>(_ body: (Transaction) async throws -> Result) async throws -> Result {
        try await database.transaction { transaction in
            try await transaction.execute("select pg_advisory_xact_lock(hashtextextended('registry.schema', 0))")
            return try await body(transaction)
        }
    }

    func parsed(_ version: StoredVersion) throws(AvroError) -> Schema {
        if let schema = known[version.id] { return schema }
        let schema = try Schema(parsing: version.text)
        known.keep(schema, as: version.id)
        return schema
    }
}
