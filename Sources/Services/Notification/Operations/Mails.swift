public import Contracts
internal import Platform
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Mail operations for operators. They work on the database, so the service need not run; running processes notice changes when they next
/// poll.
public struct Mails: Sendable {
    private let database: Database
    private let now: @Sendable () -> Date
    private let store = Store()

    /// The maximum number of mails requeued per statement.
    public static let resentCountMax = 1_000

    /// - Parameter database: uses the schema of the service.
    public init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// Newest first.
    /// - Parameter state: nil for every state.
    public func list(_ state: DeliveryState? = nil, countMax: Int) async throws -> [Mail] {
        try await store.listMails(state, countMax: countMax, on: database)
    }

    /// - Parameter lateSince: mails due before this time are overdue.
    public func count(lateSince: Date) async throws -> MailCounts {
        try await store.countMails(lateSince: lateSince, on: database)
    }

    /// The result of requeuing mails.
    public struct Resent: Sendable {
        public struct Skipped: Sendable {
            public let id: EventID
            /// nil when there is no such mail.
            public let state: DeliveryState?
        }

        public let done: [EventID]
        /// Mails that have not failed, and so are not requeued.
        public let skipped: [Skipped]
    }

    /// Requeues failed mails, due at once and with their old `Message-ID`, so that the recipient's server can detect duplicates.
    public func resend(_ ids: [EventID]) async throws -> Resent {
        let done = try await restart(ids, at: now(), limit: ids.count)
        let others = ids.filter { !done.contains($0) }
        let states = try await store.findState(of: others, on: database)
        return Resent(done: done, skipped: others.map { .init(id: $0, state: states[$0]) })
    }

    /// Requeues all mails that have failed by now, in steps, so that senders do not wait long for locks.
    public func resendAllFailed() async throws -> Resent {
        let time = now()
        var done: [EventID] = []
        while true {
            let step = try await restart(nil, at: time, limit: Self.resentCountMax)
            done += step
            if step.count < Self.resentCountMax { return Resent(done: done, skipped: []) }
        }
    }

    private func restart(_ ids: [EventID]?, at time: Date, limit: Int) async throws -> [EventID] {
        try await database.transaction { tx in
            let done = try await store.updateFailed(ids, at: time, limit: limit, on: tx)
            Tasks.restart(DeliverMail.self, keys: done.map(\.rawValue), dueAt: time, on: tx)
            return done
        }
    }
}
