public import EventLoop
public import Observability
public import Postgres
internal import Synchronization

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
    private let background: Mutex<[Task<Void, any Error>]>

    /// What one call may take, and how often the log looks by itself.
    public struct Limits: Sendable {
        /// Bytes of key, headers and value of one record; larger ones are refused.
        public var recordBytesMax = 1024 * 1024
        /// What a dead letter may have beyond that: the headers that tell its story. The largest record must find room there too.
        public var deadLetterExtraBytesMax = 64 * 1024
        /// Bytes of one record's key; longer ones are refused.
        public var keyBytesMax = 1_024
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
    ///   - loops: the log's background work runs on one of them.
    public init(database: Database, loops: EventLoopGroup, limits: Limits = Limits(), logger: Logger) {
        self.database = database
        self.limits = limits
        self.logger = logger
        loop = loops.nextInTurn()
        directory = TopicDirectory(database: database)
        wakeUps = WakeUps()
        session = LogSession(database: database, loop: loop, silenceMax: limits.silenceMax, logger: logger)
        background = Mutex([])
        let wakeUps = wakeUps, directory = directory, session = session, loop = loop
        let pollInterval = limits.pollInterval
        background.withLock { tasks in
            tasks = [
                loop.start("event log: listen") {
                    for await payload in database.notifications(on: Self.channel) {
                        wakeUps.take(payload, directory: directory)
                    }
                },
                loop.start("event log: poll") {
                    while true {
                        try await loop.sleep(for: pollInterval)
                        wakeUps.wakeReaders()
                    }
                },
                loop.start("event log: session") { try await session.run() },
            ]
        }
    }

    static let channel = "event_log"

    public func close() async {
        wakeUps.close()
        let tasks = background.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
    }
}
