public import Contracts
public import Observability
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What kind of step of a journey something is.
public enum JourneyKind: String, Sendable, CaseIterable {
    /// A request was answered.
    case http
    /// An event was written to the log.
    case event
    /// A handler made its effect.
    case effect
    /// A mail was delivered, or an attempt at it failed; the name says which.
    case mail
    /// A group could not handle an event.
    case deadLetter = "dead-letter"
}

/// Writes the steps that nothing else keeps: answered requests and what came of mails.
///
/// Events are in the log, dead letters in the groups' dead-letter topics, effects in the inboxes; see ``Journey``.
public struct Journal: Sendable {
    private let now: @Sendable () -> Date

    public init(now: @escaping @Sendable () -> Date = { WallClock.date }) {
        self.now = now
    }

    /// Notes a step of the running journey, together with what `tx` does. Does not wait. Without ``TraceContext/current`` there
    /// is no journey and nothing is noted.
    /// - Parameters:
    ///   - kind: ``JourneyKind/http``, ``JourneyKind/mail``, or ``JourneyKind/effect`` for one that no handler made: theirs and the
    ///     others note themselves.
    ///   - name: what was done, such as `POST /users` or a template's name: no personal data.
    public func note(_ kind: JourneyKind, _ name: String, eventID: EventID? = nil, on tx: Transaction) {
        guard let trace = TraceContext.current else { return }
        tx.submit(statement(kind, name, eventID, trace))
    }

    /// The same, in a transaction of its own.
    public func note(_ kind: JourneyKind, _ name: String, eventID: EventID? = nil, in database: Database) async throws {
        guard let trace = TraceContext.current else { return }
        _ = try await database.execute(statement(kind, name, eventID, trace))
    }

    /// Notes the request that began the running journey, once a transaction, together with the first thing in it that goes on from
    /// there: no write and no wait of its own. What an event began is noted by that event.
    public func noteRequest(on tx: Transaction) {
        guard let trace = TraceContext.current, trace.causationID == nil, let route = trace.route else { return }
        let isFirst = tx.withStorage(NotedRequest.self) { isNoted in
            defer { isNoted = true }
            return !isNoted
        }
        if isFirst { note(.http, route, on: tx) }
    }

    private func statement(_ kind: JourneyKind, _ name: String, _ eventID: EventID?, _ trace: TraceContext) -> SQL {
        """
        insert into journal (at, kind, name, correlation_id, event_id, causation_id)
        values (\(now()), \(kind.rawValue), \(name), \(trace.correlationID), nullif(\(eventID?.rawValue ?? ""), ''),
            nullif(\(trace.causationID ?? ""), ''))
        """
    }

    private enum NotedRequest: TransactionKey {
        static func makeValue() -> Bool { false }
    }

    /// How long steps are kept.
    static let retentionDays = 90

    /// Removes steps nobody asks for any more.
    static func removeOld(stepCountMax: Int, on database: Database) async throws {
        try await database.delete(
            from: "journal", where: "at < statement_timestamp() - \(Int64(retentionDays)) * interval '1 day'",
            stepCountMax: stepCountMax)
    }
}
