public import EventLoop
public import Observability
public import Postgres
internal import Synchronization

/// Keeps every answer of a process for a day, so that it can be found by its correlation id.
///
/// Noting one is an append to memory. What has gathered is written as one row, half a second after the first of it or when it is a
/// mebibyte; an idle process writes nothing. While the database is away the answers wait, up to a limit; what is beyond it is counted and
/// lost, as is what a killed process had not written.
public final class RequestLog: Sendable {
    public struct Limits: Sendable {
        /// How long a request waits for others to be written with it.
        public var delay = Duration.milliseconds(500)
        /// So much is written without waiting for more.
        public var blockBytes = 1024 * 1024
        /// What waits while the database is away.
        public var waitingBytesMax = 8 * 1024 * 1024
        /// What all processes of a hub keep together. The oldest goes first.
        public var keptBytesMax = 256 * 1024 * 1024
        public var retryDelay = Duration.seconds(1)
        public var trimInterval = Duration.seconds(60)

        public init() {}
    }

    private let database: Database
    private let loop: EventLoop
    private let limits: Limits
    private let logger: Logger
    private let outage: OutageLog
    private let state = Mutex(State())
    private let hasSome = Signal()
    private let isLarge = Signal()

    private struct State {
        var block = RequestBlock()
        /// Not in the database yet, as far as is known.
        var unwritten = RequestBlock()
        var droppedCount = 0
    }

    /// - Parameter database: may write into ``schema``.
    public init(database: Database, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger) {
        self.database = database
        loop = loops.next()
        self.limits = limits
        self.logger = logger
        outage = OutageLog(
            logger, failing: "answered requests cannot be written down", over: "answered requests are written down")
    }

    public func note(_ request: AnsweredRequest) {
        let (isFirst, isLarge) = state.withLock { state in
            let byteCount = state.block.bytes.count
            guard byteCount + state.unwritten.bytes.count < limits.waitingBytesMax else {
                state.droppedCount += 1
                return (false, false)
            }
            state.block.append(request)
            return (byteCount == 0, byteCount < limits.blockBytes && state.block.bytes.count >= limits.blockBytes)
        }
        if isFirst { hasSome.set() }
        if isLarge { self.isLarge.set() }
    }

    /// Writes until the task is cancelled; what is left then is for ``write()``.
    public func run() async throws {
        var trimmedAt: ContinuousClock.Instant?
        while true {
            await hasSome.wait()
            try Task.checkCancellation()
            await isLarge.wait(atMost: limits.delay, on: loop)
            try Task.checkCancellation()
            do {
                try await write()
                if let trimmedAt, .now - trimmedAt < limits.trimInterval { continue }
                try await trim()
                trimmedAt = .now
                outage.succeeded()
            } catch {
                try Task.checkCancellation()
                outage.failed([.error: LogValue(error)])
                hasSome.set()
                try await loop.sleep(for: limits.retryDelay)
            }
        }
    }

    /// Writes what has gathered. What cannot be written waits on. Called by one at a time.
    public func write() async throws {
        let (block, droppedCount) = state.withLock { state in
            if state.unwritten.count == 0 { swap(&state.unwritten, &state.block) }
            defer { state.droppedCount = 0 }
            return (state.unwritten, state.droppedCount)
        }
        if droppedCount > 0 {
            logger.warning("requests were not kept: too many waited for the database", [.count: LogValue(droppedCount)])
        }
        guard let times = block.timesMs else { return }
        try await database.execute(
            """
            insert into requests.block (first_at, last_at, data) values
                (to_timestamp(\(Double(times.lowerBound) / 1_000)), to_timestamp(\(Double(times.upperBound) / 1_000)),
                \(block.bytes))
            """)
        let hasMore = state.withLock { state in
            state.unwritten = RequestBlock()
            return state.block.count > 0
        }
        if hasMore { hasSome.set() }
    }

    /// Forgets what is older than a day, and the oldest of what is too much.
    func trim() async throws {
        try await database.execute(
            """
            delete from requests.block where last_at < statement_timestamp() - interval '1 day' or id <= (
                select max(id) from (select id, sum(octet_length(data)) over (order by id desc) as bytes from requests.block) kept
                where bytes > \(Int64(limits.keptBytesMax)))
            """)
    }

    // MARK: The table

    public static let schema = "requests"

    public static let migrations = MigrationHistory(
        component: "requests", [Migration(id: "requests-001-block", sql: table)])

    /// What is dense is not worth compressing, and a search in it is quicker so.
    private static let table = """
        create table requests.block (
            id bigint generated always as identity primary key,
            first_at timestamptz not null,
            last_at timestamptz not null,
            data bytea not null
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
        alter table requests.block alter column data set storage external;
        create index block_last_at on requests.block (last_at);
        """
}
