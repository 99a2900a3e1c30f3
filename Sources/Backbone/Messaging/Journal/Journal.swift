public import Contracts
public import Observability
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The kind of a step.
public enum JourneyKind: String, Sendable, CaseIterable {
    /// A request was answered.
    case http
    /// An event was written to the log.
    case event
    /// A handler handled an event.
    case effect
    /// A mail was delivered, or an attempt failed; the name tells which.
    case mail
    /// A group could not handle an event.
    case deadLetter = "dead-letter"
}

/// Records the steps that are stored nowhere else: answered requests and the outcomes of mails.
///
/// Events are in the log, dead letters in the dead-letter topics, effects in the inboxes; see ``Journey``.
public struct Journal: Sendable {
    private let now: @Sendable () -> Date

    public init(now: @escaping @Sendable () -> Date = { WallClock.date }) {
        self.now = now
    }

    /// Records a step of the current trace in `tx`, without waiting. Does nothing without ``TraceContext/current``.
    /// - Parameters:
    ///   - kind: ``JourneyKind/http``, ``JourneyKind/mail``, or ``JourneyKind/effect`` for an effect outside a handler; the other steps
    ///     are recorded automatically.
    ///   - name: the action, such as `POST /users` or a template's name: no personal data.
    public func note(_ kind: JourneyKind, _ name: String, eventID: EventID? = nil, on tx: Transaction) {
        guard let trace = TraceContext.current else { return }
        tx.submit(statement(kind, name, eventID, trace))
    }

    /// The same, in its own transaction.
    public func note(_ kind: JourneyKind, _ name: String, eventID: EventID? = nil, in database: Database) async throws {
        guard let trace = TraceContext.current else { return }
        _ = try await database.execute(statement(kind, name, eventID, trace))
    }

    /// Records the request that began the current trace, once per transaction, together with the first event or task in it: no separate
    /// write. Work caused by an event is recorded by that event.
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

    /// Deletes expired steps.
    static func removeOld(stepCountMax: Int, on database: Database) async throws {
        try await database.delete(
            from: "journal", where: "at < statement_timestamp() - \(Int64(retentionDays)) * interval '1 day'",
            stepCountMax: stepCountMax)
    }
}
