public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One step of a journey.
public struct JourneyStep: Sendable, Equatable {
    public var at: Date
    public var service: ServiceName
    public var kind: JourneyKind
    /// The topic of an event, the name of a handler, the route of a request.
    public var name: String
    public var correlationID: String
    public var eventID: String?
    public var causationID: String?
}

/// What happened because of a request, across all services, in order of time.
///
/// Events and dead letters come from the log, effects from the services' inboxes, requests and mails from their journals.
public struct Journey: Sendable {
    let log: any EventLog
    let database: Database

    /// - Parameter database: reaches the schemas of the services.
    public init(log: any EventLog, database: Database) {
        self.log = log
        self.database = database
    }

    /// Journeys one query follows at most.
    public static let journeysMax = 100
    /// Records of all journeys together at most.
    static let recordsMax = 10_000

    /// The steps of the journeys an id takes part in: a correlation id's own, or those in whose events the id of a user, a course,
    /// an event or anything else stands.
    /// - Parameters:
    ///   - id: any id.
    ///   - from: where to begin looking when the id is not a correlation id; nil looks at everything the log keeps.
    public func steps(of id: String, from: Date? = nil) async throws -> [JourneyStep] {
        var correlations = try await journalled(id) ? [id] : []
        var records = try await log.search(LogSearch([id], from: from))
        for record in records {
            guard let correlation = record.headers[HeaderName.correlationID], !correlations.contains(correlation) else {
                continue
            }
            correlations.append(correlation)
        }
        correlations = correlations.suffix(Self.journeysMax)
        let others = correlations.filter { $0 != id }
        if !others.isEmpty { records += try await log.search(LogSearch(others, from: from, countMax: Self.recordsMax)) }
        var seen: Set<LogPosition> = []
        let wanted = Set(correlations)
        records = records.filter {
            wanted.contains($0.headers[HeaderName.correlationID] ?? "") && seen.insert($0.position).inserted
        }
        let events = records.compactMap { Self.step($0) }
        var steps = events
        for service in try await services() {
            steps += try await effects(of: events, in: service)
            steps += try await journal(of: correlations, in: service)
        }
        return steps.sorted { ($0.at, $0.kind.order) < ($1.at, $1.kind.order) }
    }

    // MARK: Parts

    /// The step a record of the log stands for; nil for one on its way back to a group.
    private static func step(_ record: LogRecord) -> JourneyStep? {
        let topic = record.position.partition.topic
        let suffix = ".dlq"
        let isDeadLetter = topic.hasSuffix(suffix)
        let service: ServiceName?
        let name: String
        if isDeadLetter {
            service = ConsumerGroup(rawValue: String(topic.dropLast(suffix.count))).service
            name = record.headers[DeadLetterHeader.topic] ?? topic
        } else {
            service = TopicCatalogue.topic(named: topic)?.producer
            name = topic
        }
        guard let service else { return nil }
        return JourneyStep(
            at: record.time, service: service, kind: isDeadLetter ? .deadLetter : .event, name: name,
            correlationID: record.headers[HeaderName.correlationID] ?? "", eventID: record.headers[HeaderName.eventID],
            causationID: record.headers[HeaderName.causationID])
    }

    /// Services whose tables are in this database.
    private func services() async throws -> [ServiceName] {
        let names = ServiceName.all.map(\.rawValue)
        let rows = try await database.query(
            "select n from unnest(\(names)) as s (n) where to_regclass(quote_ident(n) || '.inbox') is not null")
        return try rows.map { ServiceName(rawValue: try $0.decode(String.self)) }
    }

    private func effects(of events: [JourneyStep], in service: ServiceName) async throws -> [JourneyStep] {
        var correlations: [String: String] = [:]
        for event in events where event.kind == .event {
            if let id = event.eventID { correlations[id] = event.correlationID }
        }
        if correlations.isEmpty { return [] }
        let groups = TopicCatalogue.groups.filter { $0.service == service }.map(\.rawValue)
        let rows = try await database.query(
            """
            select event_id, handlers, handled_at from \(quoted: service.rawValue).inbox
            where consumer_group = any(\(groups)) and event_id = any(\(Array(correlations.keys)))
            """)
        return try rows.flatMap { row in
            let (eventID, handlers, at) = try row.decode(String.self, String.self, Date.self)
            return handlers.split(separator: ",").map { handler in
                JourneyStep(
                    at: at, service: service, kind: .effect, name: String(handler),
                    correlationID: correlations[eventID] ?? "", eventID: eventID, causationID: eventID)
            }
        }
    }

    private func journal(of correlations: [String], in service: ServiceName) async throws -> [JourneyStep] {
        let rows = try await database.query(
            """
            select at, kind, name, correlation_id, event_id, causation_id from \(quoted: service.rawValue).journal
            where correlation_id = any(\(correlations)) order by at limit 10000
            """)
        return try rows.compactMap { row in
            let (at, kind, name, correlation, event, cause) = try row.decode(
                Date.self, String.self, String.self, String.self, String?.self, String?.self)
            guard let kind = JourneyKind(rawValue: kind) else { return nil }
            return JourneyStep(
                at: at, service: service, kind: kind, name: name, correlationID: correlation, eventID: event,
                causationID: cause)
        }
    }

    /// Whether a journal knows the id as a correlation id: a request that caused no event is a journey too.
    private func journalled(_ id: String) async throws -> Bool {
        for service in try await services() where try await !journal(of: [id], in: service).isEmpty { return true }
        return false
    }
}

extension JourneyKind {
    /// Of two steps at the same moment the cause comes first.
    fileprivate var order: Int {
        switch self {
        case .http: 0
        case .event: 1
        case .effect: 2
        case .mail: 3
        case .deadLetter: 4
        }
    }
}
