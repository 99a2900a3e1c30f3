internal import CPostgres
internal import EventLoop

/// Opens connections on threads of their own: names are looked up and passwords hashed there, not on a loop.
enum Connector {
    /// A connection on its way from the thread that opened it to its loop.
    // @unchecked: handed over, never shared.
    struct Opened: @unchecked Sendable {
        let handle: OpaquePointer
    }

    private static let threads = try? BlockingPool(name: "pg-connect", threadCount: 4, queueCountMax: 4_096)
    /// Apart from the others, so that a server that does not answer cannot keep a cancellation waiting.
    private static let cancelThreads = try? BlockingPool(name: "pg-cancel", threadCount: 2, queueCountMax: 4_096)

    static func open(url: String, _ configuration: DatabaseConfiguration) async throws -> Opened {
        guard let threads else { throw PostgresError(.connection, "no thread to connect on") }
        return try await threads.run { try connect(url: url, configuration) }
    }

    static func cancel(_ handle: CancelHandle) async {
        try? await cancelThreads?.run { handle.send() }
    }

    private static func connect(url: String, _ configuration: DatabaseConfiguration) throws(PostgresError) -> Opened {
        // What stands before the address yields to it; what stands behind prevails.
        let settings =
            keepalives + [("dbname", url)] + [
                ("fallback_application_name", "learning-hub"),
                ("application_name", configuration.applicationName),
                ("client_encoding", "UTF8"),
                ("connect_timeout", "\(max(2, configuration.connectTimeout.components.seconds))"),
                // A local socket needs no encryption, and asking for it costs a round trip.
                ("gssencmode", "disable"),
            ]
        let handle = withCStrings(settings.map(\.0)) { keys in
            withCStrings(settings.map(\.1)) { values in
                withCStrings(prepared) { hub_pg_connect(keys, values, setup(configuration), $0) }
            }
        }
        guard let handle else { throw PostgresError(.connection, "the server refused the session's settings") }
        guard hub_pg_is_open(handle) == 1, hub_pg_begin_pipeline(handle) == 0 else {
            defer { hub_pg_close(handle) }
            throw PostgresError(.connection, firstLine(hub_pg_message(handle)))
        }
        return Opened(handle: handle)
    }

    /// A server that a cut network or a dead machine has taken away is noticed after a minute, be it that we wait for its answer or that
    /// it has not confirmed what we sent. The system's own defaults are two hours and a quarter of one.
    private static let keepalives = [
        ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ]

    /// Dates and times are read as UTC, whatever the server prefers.
    ///
    /// A statement is prepared once on a connection, as a rule while its tables are empty, and its plan must stay good when they are
    /// not: so it goes by indexes wherever there is one, and is not made anew for each value. A table that is a queue always looks
    /// empty to the planner, and is read from end to end through all its dead rows. What has no index is priced so high then that the
    /// server would compile it each time.
    private static func setup(_ configuration: DatabaseConfiguration) -> String {
        let idleMax = max(1, Int64(configuration.transactionIdleMax / .milliseconds(1)))
        var setup =
            "set timezone to 'UTC'; set enable_seqscan to off; set plan_cache_mode to force_generic_plan; set jit to off; set idle_in_transaction_session_timeout to \(idleMax)"
        if let role = configuration.role { setup += "; set role \(quoteIdentifier(role))" }
        if let schema = configuration.schema { setup += "; set search_path to \(quoteIdentifier(schema))" }
        return setup
    }

    /// Name and text of what every transaction needs.
    private static let prepared = [
        Statement.Control.begin.rawValue, "begin isolation level read committed",
        Statement.Control.commit.rawValue, "commit", Statement.Control.rollback.rawValue, "rollback",
    ]

    static func firstLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        return String(String(cString: text).prefix { $0 != "\n" })
    }
}

/// Strings as C takes a list of them: each ended by a zero, the list by NULL.
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
