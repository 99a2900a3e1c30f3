public import Contracts
public import Postgres

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A service that a process of the hub runs, as recorded by that process.
public struct ProcessRecord: Sendable {
    public let service: ServiceName
    /// The base URL of the service, as its process knows it.
    public let address: String
    public let machine: String
    public let pid: Int32
    /// The command: `up`, or `serve` with its services.
    public let command: String
    /// The settings of the process; secrets are masked, and unset ones have their default.
    public let settings: Settings
    /// Seconds since its process last wrote.
    public let silence: Double

    /// Whether its process sent a heartbeat recently.
    public var isFresh: Bool { silence < ProcessRecords.freshSeconds }
}

/// The processes of a hub. Each records its services, their addresses and its settings, updates the record every few seconds, and
/// retracts it when it stops. The record of a killed process stays, so its absence is noticed.
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
                    """),
            Migration(
                id: "hub-002-log",
                sql: """
                    create table log (
                        is_only boolean primary key default true check (is_only),
                        identity text not null
                    );
                    """),
        ])

    let database: Database

    /// - Parameter database: as the login of `DATABASE_URL`.
    public init(_ database: Database) { self.database = database }

    /// All records that were not retracted, by service and address.
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

    /// The settings of a running process, else of the one that stopped last; nil when none was ever recorded.
    func lastSettings() async throws -> Settings? {
        let row = try await database.query(
            "select settings from hub.process order by stopped, seen_at desc, service limit 1"
        ).first
        return try row.map { try Settings(commandLine: try $0.decode(JSONValue.self).decode([String: String].self)) }
    }

    /// Whether a process of the hub runs, as far as this machine can tell.
    func anyRuns() async throws -> Bool {
        try await list().contains { $0.isFresh && !($0.machine == ThisMachine.name && Self.hasEnded($0.pid)) }
    }

    private static func hasEnded(_ pid: Int32) -> Bool { kill(pid, 0) != 0 && errno == ESRCH }

    /// The services that were ever recorded.
    public func everKnown() async throws -> Set<ServiceName> {
        Set(
            try await database.query("select distinct service from hub.process").map {
                ServiceName(rawValue: try $0.decode(String.self))
            })
    }

    /// Records the process or its heartbeat. Deletes records of its services' other processes whose last heartbeat is long ago.
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

    /// Deletes records of the same services whose processes ended on this machine: the new process replaces them.
    func forgetDead(before process: HubProcessNote) async throws {
        let machine = ThisMachine.name
        let pids = try await database.query(
            "select distinct pid from hub.process where machine = \(machine) and service = any(\(process.services))"
        ).map { try $0.decode(Int32.self) }
        let dead = pids.filter(Self.hasEnded)
        if dead.isEmpty { return }
        _ = try await database.execute(
            """
            delete from hub.process where machine = \(machine) and pid = any(\(dead)) and service = any(\(process.services))
            """)
    }

    /// Retracts the records of this process: it stops.
    func takeBack(_ process: HubProcessNote) async throws {
        _ = try await database.execute(
            """
            update hub.process set stopped = true where (service, address) in (select * from unnest(\(process.services), \(process.addresses)))
                and (machine, pid) = (\(ThisMachine.name), \(getpid()))
            """)
    }

    /// The address of this machine as the database sees it; loopback when both are on one machine.
    func ownAddress() async throws -> String {
        let row = try await database.query("select coalesce(host(inet_client_addr()), '127.0.0.1')").first
        return try row?.decode(String.self) ?? "127.0.0.1"
    }
}

/// The record of a process.
struct HubProcessNote: Sendable {
    let command: String
    /// In the order of ``addresses``.
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
