internal import CPostgres
internal import EventLoop

/// Opens connections on separate threads: DNS lookups and password hashing must not run on a loop.
enum Connector {
    /// A new connection, passed from the thread that opened it to its loop.
    // @unchecked: passed from one thread to the other, never shared.
    struct Opened: @unchecked Sendable {
        let handle: OpaquePointer
    }

    private static let threads = try? BlockingPool(name: "pg-connect", threadCount: 4, queueCountMax: 4_096)
    /// Separate threads, so that a server that does not respond cannot delay cancel requests.
    private static let cancelThreads = try? BlockingPool(name: "pg-cancel", threadCount: 2, queueCountMax: 4_096)

    static func open(url: String, _ configuration: DatabaseConfiguration) async throws -> Opened {
        guard let threads else { throw PostgresError(.connection, "no thread is available to connect") }
        return try await threads.run { try connect(url: url, configuration) }
    }

    static func cancel(_ handle: CancelHandle) async {
        try? await cancelThreads?.run { handle.send() }
    }

    private static func connect(url: String, _ configuration: DatabaseConfiguration) throws(PostgresError) -> Opened {
        // In a libpq connection string the last value wins: settings before the address are defaults, settings after it are
        // overrides.
        let settings =
            keepalives + [("dbname", url)] + [
                ("fallback_application_name", "learning-hub"),
                ("application_name", configuration.applicationName),
                ("client_encoding", "UTF8"),
                ("connect_timeout", "\(max(2, configuration.connectTimeout.components.seconds))"),
                // A local socket needs no encryption, and negotiating it costs a round trip.
                ("gssencmode", "disable"),
            ]
        let handle = withCStrings(settings.map(\.0)) { keys in
            withCStrings(settings.map(\.1)) { values in
                withCStrings(prepared) { hub_pg_connect(keys, values, setup(configuration), $0) }
            }
        }
        guard let handle else { throw PostgresError(.connection, "the server rejected the session settings") }
        guard hub_pg_is_open(handle) == 1, hub_pg_begin_pipeline(handle) == 0 else {
            defer { hub_pg_close(handle) }
            throw PostgresError(.connection, firstLine(hub_pg_message(handle)))
        }
        return Opened(handle: handle)
    }

    /// Detects an unreachable server after one minute, both while waiting for a response and while sent data is unacknowledged. The
    /// system defaults are two hours and 15 minutes.
    private static let keepalives = [
        ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ]

    /// Sets the session time zone to UTC for dates and times.
    ///
    /// A statement is prepared once per connection, often while its tables are still empty, and its plan must stay good when they grow.
    /// So sequential scans are disabled and the generic plan is forced: the planner always estimates queue tables as empty and would scan
    /// all their dead rows. JIT is off because a disabled sequential scan gets a very high cost, which would trigger compilation on each
    /// run.
    ///
    /// The server checks every second during a statement whether the client still exists. Otherwise a statement that waits for a lock
    /// keeps the locks of its transaction after its process has died.
    private static func setup(_ configuration: DatabaseConfiguration) -> String {
        let idleMax = max(1, Int64(configuration.transactionIdleMax / .milliseconds(1)))
        var setup =
            "set timezone to 'UTC'; set enable_seqscan to off; set plan_cache_mode to force_generic_plan; set jit to off; set client_connection_check_interval to 1000; set idle_in_transaction_session_timeout to \(idleMax)"
        if let role = configuration.role { setup += "; set role \(quoteIdentifier(role))" }
        if let schema = configuration.schema { setup += "; set search_path to \(quoteIdentifier(schema))" }
        return setup
    }

    /// The names and texts of the statements every transaction needs.
    private static let prepared = [
        Statement.Control.begin.rawValue, "begin isolation level read committed",
        Statement.Control.commit.rawValue, "commit", Statement.Control.rollback.rawValue, "rollback",
    ]

    static func firstLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        return String(String(cString: text).prefix { $0 != "\n" })
    }
}

/// Strings as a C array: each NUL-terminated, the array NULL-terminated.
func withCStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    let copies = strings.map { string -> UnsafePointer<CChar> in
        let bytes = Array(string.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return UnsafePointer(copy)
    }
    defer { for copy in copies { copy.deallocate() } }
    let list = copies.map(Optional.some) + [nil]
    return body(list)
}
