import HubTesting
import Postgres
import Testing

/// A statement at which a service can be blocked, so that it is killed at that point.
enum HoldPoint: Int, CaseIterable {
    /// Events were received, and have no effects yet.
    case receivedByNotification, receivedByGamification
    /// The effects are written and not committed.
    case effectsOfNotification, effectsOfGamification
    /// A mail is claimed and being sent.
    case mail
    /// Events are being stored in the log, for the log in PostgreSQL.
    case stored
    /// The log has acknowledged events that are still in the outbox.
    case acknowledgedToUser, acknowledgedToNotification, acknowledgedToGamification
    /// Stripe has returned the outcome of a charge.
    case charged
    /// A learner is enrolled, or has made progress.
    case enrolled
    /// A submission has its grade.
    case graded
    /// A certificate is drawn and its file stored.
    case drawn

    private var statement: (SQL, table: SQL) {
        switch self {
        case .receivedByNotification: ("insert", "notification.inbox")
        case .receivedByGamification: ("insert", "gamification.inbox")
        case .effectsOfNotification: ("insert", "notification.outbox")
        case .effectsOfGamification: ("insert", "gamification.outbox")
        case .mail: ("insert", "notification.mailbox")
        case .stored: ("insert", "event_log.record")
        case .acknowledgedToUser: ("delete", #""user".outbox"#)
        case .acknowledgedToNotification: ("delete", "notification.outbox")
        case .acknowledgedToGamification: ("delete", "gamification.outbox")
        case .charged: ("update of status", "payment.payment")
        case .enrolled: ("insert", "enrollment.outbox")
        case .graded: ("insert", "assessment.outbox")
        case .drawn: ("update of drawn_version", "certificate.certificate")
        }
    }

    /// Differs from the advisory locks of services, which use one number.
    private static let lockClass = 7_341

    /// Creates a lock for every point: a statement takes it in shared mode, and blocks while a test holds it.
    static func prepare(_ database: Database) async throws {
        try await database.execute(
            """
            create function reckoning.hold() returns trigger language plpgsql as $$
                begin
                    perform pg_advisory_xact_lock_shared(tg_argv[0]::int, tg_argv[1]::int);
                    return case tg_op when 'DELETE' then old else new end;
                end $$
            """)
        for point in allCases {
            let (statement, table) = point.statement
            // On Kafka these tables do not exist, and not every hub has every service.
            let isThere = try await database.query("select to_regclass('\(table)') is not null").first?.decode(
                Bool.self)
            guard isThere == true else { continue }
            try await database.execute(
                """
                create trigger \(quoted: "hold \(point)") before \(statement) on \(table) for each row
                    execute function reckoning.hold(\(raw: "\(lockClass), \(point.rawValue)"))
                """)
        }
    }

    /// Blocks statements at the point while `body` runs.
    /// - Parameter body: gets functions to wait for a blocked statement, and to cancel that statement at the server: otherwise it is
    ///   executed when the lock is released.
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

extension Database {
    /// Prevents the relay of a service from sending while `body` runs: another session holds its lock.
    func holdRelay(of service: String, _ body: () async throws -> Void) async throws {
        try await session { session in
            let row = try await session.query("select pg_backend_pid()").first
            let pid = try #require(row).decode(Int32.self)
            async let taken = session.query(
                "select pg_advisory_lock(hashtextextended(\(service) || '.relay', 0))")
            // A session that waits in the server gets the lock before a relay that retries.
            try await eventually(within: .seconds(30), "the relay of \(service) has lost its lock") {
                let ended = try await query(
                    """
                    select pg_terminate_backend(holder.pid)
                    from pg_locks own join pg_locks holder using (locktype, database, classid, objid, objsubid)
                    where own.pid = \(pid) and own.locktype = 'advisory' and not own.granted and holder.granted
                    """)
                let isHeld = try await query(
                    "select from pg_locks where pid = \(pid) and locktype = 'advisory' and granted")
                return ended.isEmpty && !isHeld.isEmpty
            }
            _ = try await taken
            try await body()
        }
    }
}
