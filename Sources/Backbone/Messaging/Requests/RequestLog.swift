public import EventLoop
public import Observability
public import Postgres
internal import Synchronization

/// Keeps a record of every response of a process for a day, so that it can be found by its correlation id.
///
/// Adding a record is an append to memory. Records are written as one row half a second after the first one, or when they reach 1 MiB; an
/// idle process writes nothing. While the database is down, records wait up to a limit; further ones are dropped and counted. A killed
/// process loses its unwritten records.
public final class RequestLog: Sendable {
    public struct Limits: Sendable {
        /// How long a record waits for others before a row is written.
        public var delay = Duration.milliseconds(500)
        /// At this size a row is written at once.
        public var blockBytes = 1024 * 1024
        /// The maximum bytes that wait while the database is down.
        public var waitingBytesMax = 8 * 1024 * 1024
        /// The maximum bytes of all processes of a hub together. The oldest are deleted first.
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
        /// Records that are not known to be in the database.
        var unwritten = RequestBlock()
        var droppedCount = 0
    }

    /// - Parameter database: may write to ``schema``.
    public init(database: Database, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger) {
        self.database = database
        loop = loops.next()
        self.limits = limits
        self.logger = logger
        outage = OutageLog(
            logger, failing: "the request log cannot be written", over: "the request log is written again")
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

    /// Writes until the task is cancelled; call ``write()`` for the rest afterwards.
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

    /// Writes the waiting records; on a failure they keep waiting. One caller at a time.
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

    /// Deletes records older than a day, and the oldest beyond the size limit.
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

    /// Dense data does not compress well, and searching uncompressed data is faster.
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
