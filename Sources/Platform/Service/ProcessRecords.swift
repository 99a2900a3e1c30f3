public import Contracts
public import Postgres

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A service that some process of the hub runs, as that process wrote it down.
public struct ProcessRecord: Sendable {
    public let service: ServiceName
    /// Where the service answers, as far as its process knows: a base URL.
    public let address: String
    public let machine: String
    public let pid: Int32
    /// What was run: `up`, or `serve` with its services.
    public let command: String
    /// What was set for the process; secrets are not readable, and what nobody set has its default.
    public let settings: Settings
    /// Seconds since its process last wrote.
    public let silence: Double

    /// Whether its process has just now shown that it lives.
    public var isFresh: Bool { silence < ProcessRecords.freshSeconds }
}

/// Which processes a hub has. Each writes down its services, where they answer and how it is set up; says every few seconds that it
/// lives; and takes it all back when it stops. Who was killed stays written down, and so is missed.
public struct ProcessRecords: Sendable {
    public static let beat: Duration = .seconds(10)
    static let freshSeconds = 30.0
    private static let forgottenSeconds = 600.0
    static let schema = "hub"
    static let migrations = MigrationHistory(
        component: "hub",
        [
            Migration(
                id: "hub-001-processes",
                sql: """
                    create table process (
                        service text not null,
                        address text not null,
                        machine text not null,
                        pid int not null,
                        command text not null,
                        settings jsonb not null,
                        seen_at timestamptz not null,
                        stopped boolean not null default false,
                        primary key (service, address)
                    );
                    """)
        ])

    let database: Database

    /// - Parameter database: as the login of `DATABASE_URL`.
    public init(_ database: Database) { self.database = database }

    /// All that was written down and not taken back, by service and address.
    public func list() async throws -> [ProcessRecord] {
        do {
            let rows = try await database.query(
                """
                select service, address, machine, pid, command, settings,
                    greatest(0, extract(epoch from clock_timestamp() - seen_at)::float8)
                from hub.process where not stopped order by service, address
                """)
            return try rows.map { row in
                let (service, address, machine, pid, command, settings, silence) = try row.decode(
                    String.self, String.self, String.self, Int32.self, String.self, JSONValue.self, Double.self)
                return ProcessRecord(
                    service: ServiceName(rawValue: service), address: address, machine: machine, pid: pid,
                    command: command,
                    settings: try Settings(commandLine: try settings.decode([String: String].self)), silence: silence)
            }
        } catch let error as PostgresError where error.isOfMissingTable {
            // A hub of an older program.
            return []
        }
    }

    /// The services that have ever been written down.
    public func everKnown() async throws -> Set<ServiceName> {
        Set(
            try await database.query("select distinct service from hub.process").map {
                ServiceName(rawValue: try $0.decode(String.self))
            })
    }

    /// Writes the process down, or that it still lives. Other processes of its services that have long said nothing are forgotten.
    func write(_ process: HubProcessNote) async throws {
        let (machine, pid) = (ThisMachine.name, getpid())
        _ = try await database.execute(
            """
            with forgotten as (
                delete from hub.process where service = any(\(process.services)) and (machine, pid) <> (\(machine), \(pid))
                    and seen_at < clock_timestamp() - make_interval(secs => \(Self.forgottenSeconds))
            )
            insert into hub.process (service, address, machine, pid, command, settings, seen_at)
            select s.service, s.address, \(machine), \(pid), \(process.command), \(process.settings), clock_timestamp()
            from unnest(\(process.services), \(process.addresses)) as s (service, address)
            on conflict (service, address) do update set machine = excluded.machine, pid = excluded.pid,
                command = excluded.command, settings = excluded.settings, seen_at = excluded.seen_at, stopped = false
            """)
    }

    /// Forgets processes of the same services that have ended on this machine: the one that starts takes their place.
    func forgetDead(before process: HubProcessNote) async throws {
        let machine = ThisMachine.name
        let pids = try await database.query(
            "select distinct pid from hub.process where machine = \(machine) and service = any(\(process.services))"
        ).map { try $0.decode(Int32.self) }
        let dead = pids.filter { kill($0, 0) != 0 && errno == ESRCH }
        if dead.isEmpty { return }
        _ = try await database.execute(
            """
            delete from hub.process where machine = \(machine) and pid = any(\(dead)) and service = any(\(process.services))
            """)
    }

    /// Takes back what this process has written: it stops.
    func takeBack(_ process: HubProcessNote) async throws {
        _ = try await database.execute(
            """
            update hub.process set stopped = true where (service, address) in (select * from unnest(\(process.services), \(process.addresses)))
                and (machine, pid) = (\(ThisMachine.name), \(getpid()))
            """)
    }

    /// The address of this machine by which the database knows it; its own loop-back where they share a machine.
    func ownAddress() async throws -> String {
        let row = try await database.query("select coalesce(host(inet_client_addr()), '127.0.0.1')").first
        return try row?.decode(String.self) ?? "127.0.0.1"
    }
}

/// What a process writes down of itself.
struct HubProcessNote: Sendable {
    let command: String
    /// With ``addresses``, in the same order.
    let services: [String]
    let addresses: [String]
    let settings: JSONValue
}

/// The machine that this process is on.
public enum ThisMachine {
    public static let name: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}

extension PostgresError {
    fileprivate var isOfMissingTable: Bool { sqlState == "42P01" || sqlState == "3F000" }
}
