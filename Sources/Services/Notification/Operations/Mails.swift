public import Contracts
internal import Platform
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The mails of a hub, for its operator. The service need not run: its processes see what was changed when they look next.
public struct Mails: Sendable {
    private let database: Database
    private let now: @Sendable () -> Date
    private let store = Store()

    /// Mails put back in one statement.
    public static let resentCountMax = 1_000

    /// - Parameter database: on the schema of the service.
    public init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// The newest first.
    /// - Parameter state: nil for every state.
    public func list(_ state: DeliveryState? = nil, countMax: Int) async throws -> [Mail] {
        try await store.listMails(state, countMax: countMax, on: database)
    }

    /// - Parameter lateSince: mails that wait since before then are late.
    public func count(lateSince: Date) async throws -> MailCounts {
        try await store.countMails(lateSince: lateSince, on: database)
    }

    /// What became of mails that were to be sent again.
    public struct Resent: Sendable {
        public struct Skipped: Sendable {
            public let id: EventID
            /// Nil when there is no such mail.
            public let state: DeliveryState?
        }

        public let done: [EventID]
        /// Those that had not failed, and so are not sent again.
        public let skipped: [Skipped]
    }

    /// Has failed mails sent again, at once and under the `Message-ID` they had, so that a recipient's side can tell.
    public func resend(_ ids: [EventID]) async throws -> Resent {
        let done = try await restart(ids, at: now(), limit: ids.count)
        let others = ids.filter { !done.contains($0) }
        let states = try await store.findState(of: others, on: database)
        return Resent(done: done, skipped: others.map { .init(id: $0, state: states[$0]) })
    }

    /// Has every mail sent again that has failed by now, in steps, so that no sender waits for all of them.
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
