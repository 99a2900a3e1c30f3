public import EventLoop
public import Observability
public import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The embedded event log: tables in a PostgreSQL schema. It survives restarts and serves any number of processes that use the database.
///
/// Appends lock the rows of their partitions (``migrations``). One NOTIFY per batch wakes readers, which also poll. A member is bound to
/// a connection of its process in addition to its heartbeat, so that the partitions of a killed process are free at once and those of a
/// hanging one when its lease expires.
public final class PostgresLog: EventLog {
    let database: Database
    let limits: Limits
    let logger: Logger
    let loop: EventLoop
    let directory: TopicDirectory
    let wakeUps: WakeUps
    let session: LogSession
    let heartbeats: OutageLog

    /// The limits of calls, and the polling intervals.
    public struct Limits: Sendable {
        /// The maximum number of records per append statement.
        public var appendCountMax = 2_000
        /// The maximum bytes per append statement.
        public var appendBytesMax = 8 * 1024 * 1024
        /// The polling interval of readers, in addition to wake-ups.
        public var pollInterval: Duration = .seconds(1)
        /// The session timeout: after it, a silent process loses its members' partitions.
        public var silenceMax: Duration = .seconds(30)
        /// The maximum number of records deleted per retention statement.
        public var retentionCountMax = 10_000

        public init() {}
    }

    /// - Parameters:
    ///   - database: has access to ``schema``, migrated with ``migrations``.
    ///   - loops: the log uses one of them.
    public init(database: Database, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger) {
        self.database = database
        self.limits = limits
        self.logger = logger
        heartbeats = OutageLog(
            logger, failing: "the event log cannot be reached", over: "the event log can be reached again")
        loop = loops.nextInTurn()
        directory = TopicDirectory(database: database)
        wakeUps = WakeUps()
        session = LogSession(database: database, loop: loop, silenceMax: limits.silenceMax, logger: logger)
    }

    static let channel = "event_log"

    public func run() async throws {
        defer { wakeUps.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { await self.listen() }
            group.addTask(executorPreference: loop) { try await self.poll() }
            group.addTask(executorPreference: loop) { try await self.session.run() }
            try await group.waitForAll()
        }
    }

    public func cluster(of topics: [String]) async throws -> LogCluster? { nil }

    /// The database belongs to the caller and stays open.
    public func close() async {}

    private func listen() async {
        for await payload in database.notifications(on: Self.channel) { wakeUps.take(payload, directory: directory) }
    }

    /// Polls in case a wake-up was missed.
    private func poll() async throws {
        while true {
            try await loop.sleep(for: limits.pollInterval)
            wakeUps.wakeReaders()
        }
    }
}
