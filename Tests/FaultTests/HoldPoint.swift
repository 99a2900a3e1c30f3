import HubTesting
import Postgres
import Testing

/// A statement of a service at which it can be held up, so that it is killed there and nowhere else.
enum HoldPoint: Int, CaseIterable {
    /// Events were received, nothing came of them.
    case receivedByNotification, receivedByGamification
    /// The effects were written and not committed.
    case effectsOfNotification, effectsOfGamification
    /// A mail was claimed and is handed over.
    case mail
    /// Events are being stored in the log, for the log in PostgreSQL.
    case stored
    /// Events were acknowledged by the log, and still are in the outbox.
    case acknowledgedToUser, acknowledgedToNotification, acknowledgedToGamification

    private var statement: SQL {
        switch self {
        case .receivedByNotification: "insert on notification.inbox"
        case .receivedByGamification: "insert on gamification.inbox"
        case .effectsOfNotification: "insert on notification.outbox"
        case .effectsOfGamification: "insert on gamification.outbox"
        case .mail: "insert on notification.mailbox"
        case .stored: "insert on event_log.record"
        case .acknowledgedToUser: #"delete on "user".outbox"#
        case .acknowledgedToNotification: "delete on notification.outbox"
        case .acknowledgedToGamification: "delete on gamification.outbox"
        }
    }

    /// Apart from the advisory locks that services take, which are of one number.
    private static let lockClass = 7_341

    /// Gives every point its lock: a statement shares it for a moment, unless a test holds it. In the schema of the reckoning.
    static func prepare(_ database: Database) async throws {
        try await database.execute(
            """
            create function reckoning.hold() returns trigger language plpgsql as $$
                begin
                    perform pg_advisory_xact_lock_shared(tg_argv[0]::int, tg_argv[1]::int);
                    return case tg_op when 'DELETE' then old else new end;
                end $$
            """)
        let log = try await database.query("select to_regclass('event_log.record') is not null").first?.decode(
            Bool.self)
        for point in allCases where point != .stored || log == true {
            try await database.execute(
                """
                create trigger \(quoted: "hold \(point)") before \(point.statement) for each row
                    execute function reckoning.hold(\(raw: "\(lockClass), \(point.rawValue)"))
                """)
        }
    }

    /// Holds up whoever comes to the point while `body` runs.
    /// - Parameter body: is given a way to wait until somebody has come, and to end that statement at the server too: without, it is
    ///   carried out once it is let go.
    func hold(on database: Database, _ body: (Held) async throws -> Void) async throws {
        try await database.session { session in
            _ = try await session.query("select pg_advisory_lock(\(raw: "\(Self.lockClass), \(rawValue)"))")
            try await body(Held(point: self, database: database))
        }
    }

    struct Held {
        fileprivate let point: HoldPoint
        fileprivate let database: Database

        func someoneHasCome() async throws {
            try await eventually(within: .seconds(120), "somebody has come to \(point)") {
                try await !database.query("select pid from \(waiting)").isEmpty
            }
        }

        func endStatements() async throws {
            _ = try await database.query("select pg_terminate_backend(pid) from \(waiting)")
        }

        private var waiting: SQL {
            """
            pg_locks where locktype = 'advisory' and not granted and objsubid = 2
                and database = (select oid from pg_database where datname = current_database())
                and classid = \(Int64(HoldPoint.lockClass)) and objid = \(Int64(point.rawValue))
            """
        }
    }
}
