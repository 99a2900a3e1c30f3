public import EventLoop
public import Observability
public import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The embedded event log: tables in PostgreSQL, in a schema of their own. It survives restarts and serves any number of
/// processes that reach the database.
///
/// Appends lock the rows of their partitions (``migrations``); readers are woken by NOTIFY once per batch and look by themselves
/// now and then. A member's life is tied to a connection of its process besides its heartbeat, so that the partitions of a killed
/// process are free at once and those of a hanging one when its lease runs out.
public final class PostgresLog: EventLog {
    let database: Database
    let limits: Limits
    let logger: Logger
    let loop: EventLoop
    let directory: TopicDirectory
    let wakeUps: WakeUps
    let session: LogSession
    let heartbeats: OutageLog

    /// What one call may take, and how often the log looks by itself.
    public struct Limits: Sendable {
        /// Records one statement of an append stores.
        public var appendCountMax = 2_000
        /// Bytes one statement of an append carries.
        public var appendBytesMax = 8 * 1024 * 1024
        /// Readers look for records this often even without a wake-up.
        public var pollInterval: Duration = .seconds(1)
        /// A process that the server has not heard of for so long has lost the partitions of its members.
        public var silenceMax: Duration = .seconds(30)
        /// Records one statement of retention removes.
        public var retentionCountMax = 10_000

        public init() {}
    }

    /// - Parameters:
    ///   - database: reaches ``schema``, migrated with ``migrations``.
    ///   - loops: the log works on one of them.
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

    public func cluster() async throws -> LogCluster? { nil }

    /// The database is its owner's.
    public func close() async {}

    private func listen() async {
        for await payload in database.notifications(on: Self.channel) { wakeUps.take(payload, directory: directory) }
    }

    /// For wake-ups that were missed.
    private func poll() async throws {
        while true {
            try await loop.sleep(for: limits.pollInterval)
            wakeUps.wakeReaders()
        }
    }
}
