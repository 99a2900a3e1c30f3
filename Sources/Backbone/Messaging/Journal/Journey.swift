public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One step of a trace.
public struct JourneyStep: Sendable, Equatable {
    public var at: Date
    public var service: ServiceName
    public var kind: JourneyKind
    /// The topic of an event, the name of a handler, or the route of a request.
    public var name: String
    public var correlationID: String
    public var eventID: String?
    public var causationID: String?
    /// For a request, while its record is kept.
    public var answer: Answer?

    public struct Answer: Sendable, Equatable {
        public var status: Int
        public var milliseconds: Double
    }
}

/// The result of a search for an id.
public struct FoundJourneys: Sendable {
    /// In order of time.
    public var steps: [JourneyStep] = []
    /// What was omitted because of limits, in words; empty when the result is complete.
    public var leftOut: [String] = []
    /// Some ids that begin with the searched text, when no id equals it.
    public var longerIDs: [String] = []
}

/// Everything a request caused in all services.
///
/// Events and dead letters come from the log, effects from the services' inboxes, mails from the journals, and requests from the request
/// log, which keeps one day. The journal keeps requests that caused an event for longer.
public struct Journey: Sendable {
    let log: any EventLog
    let database: Database
    let limits: Limits

    public struct Limits: Sendable {
        /// The maximum number of traces per query.
        public var journeysCountMax = 100
        /// The maximum number of records read for the id, of records of all traces together, and of journal entries of a service.
        public var recordsCountMax = 10_000
        /// The maximum number of blocks of the request log.
        public var blocksCountMax = 200

        public init() {}
    }

    /// - Parameter database: has access to the schemas of the services.
    public init(log: any EventLog, database: Database, limits: Limits = Limits()) {
        self.log = log
        self.database = database
        self.limits = limits
    }

    /// The maximum time between a request and the events of its trace.
    private static let requestDistance: TimeInterval = 600

    /// The traces that contain an id: a correlation id, or the id of a user, a course, an event or any other object in their events.
    /// - Parameters:
    ///   - id: a complete id of any kind.
    ///   - from: the start of the search when the id is not a correlation id; nil for everything in the log.
    public func find(_ id: String, from: Date? = nil) async throws -> FoundJourneys {
        var found = FoundJourneys()
        let (hits, areAll) = try await search([id], from)
        if !areAll {
            found.leftOut.append("only the oldest \(limits.recordsCountMax) records that name it were searched")
        }
        var records = hits.filter { WholeID.stands(id, in: $0) }
        var correlations: [String] = []
        for record in records {
            guard let correlation = record.headers[HeaderName.correlationID], !correlations.contains(correlation) else {
                continue
            }
            correlations.append(correlation)
        }
        if correlations.count > limits.journeysCountMax {
            found.leftOut.append(
                "only the last \(limits.journeysCountMax) of \(correlations.count) journeys are shown")
            correlations = correlations.suffix(limits.journeysCountMax)
        }
        let others = correlations.filter { $0 != id }
        if !others.isEmpty {
            let (more, areAll) = try await search(others, from)
            if !areAll {
                found.leftOut.append("only the oldest \(limits.recordsCountMax) records of these journeys are shown")
            }
            records += more
        }
        if !correlations.contains(id) { correlations.append(id) }
        found.steps = try await steps(of: correlations, records, &found.leftOut)
        if found.steps.isEmpty { found.longerIDs = WholeID.longer(id, in: hits) }
        return found
    }

    /// Searches the hub's topics: a cluster may hold others.
    /// - Returns: the records, and whether there are no more.
    private func search(_ texts: [String], _ from: Date?) async throws -> (records: [LogRecord], areAll: Bool) {
        let countMax = limits.recordsCountMax
        let records = try await log.search(
            LogSearch(texts, topics: TopicSettings.namesOfCatalogue, from: from, countMax: countMax + 1))
        return (Array(records.prefix(countMax)), records.count <= countMax)
    }

    private func steps(
        of correlations: [String], _ records: [LogRecord], _ leftOut: inout [String]
    ) async throws -> [JourneyStep] {
        var seen: Set<LogPosition> = []
        let wanted = Set(correlations)
        let records = records.filter {
            wanted.contains($0.headers[HeaderName.correlationID] ?? "") && seen.insert($0.position).inserted
        }
        let events = records.compactMap { Self.step($0) }
        var steps = events
        for service in try await services() {
            steps += try await effects(of: events, in: service)
            steps += try await journal(of: correlations, in: service, &leftOut)
        }
        let requests = try await requests(of: correlations, around: events, &leftOut)
        // The journal's entries of these requests contain less.
        let told = Set(requests.map(\.request))
        steps = steps.filter { $0.kind != .http || !told.contains($0.request) } + requests
        return steps.sorted { $0.place < $1.place }
    }

    // MARK: Parts

    /// The step of a log record; nil for a redriven one.
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

    /// - Parameter events: determine the time range of a trace; a trace without events is searched in all requests.
    private func requests(
        of correlations: [String], around events: [JourneyStep], _ leftOut: inout [String]
    ) async throws -> [JourneyStep] {
        let times = Dictionary(grouping: events, by: \.correlationID).mapValues { events in
            let times = events.map(\.at)
            return (times.min() ?? .distantPast).addingTimeInterval(
                -Self.requestDistance)...(times.max() ?? .distantFuture).addingTimeInterval(Self.requestDistance)
        }
        let (requests, isCutShort) = try await KeptRequests(database: database, blocksCountMax: limits.blocksCountMax)
            .find(
                correlations.map { KeptRequests.Wanted(correlationID: $0, times: times[$0]) })
        if isCutShort { leftOut.append("not all stored requests were searched") }
        return requests.map { request in
            JourneyStep(
                at: Date(timeIntervalSince1970: Double(request.atMs) / 1_000), service: request.service, kind: .http,
                name: "\(request.method) \(request.route)", correlationID: request.correlationID,
                answer: .init(status: request.status, milliseconds: Double(request.microseconds) / 1_000))
        }
    }

    private func journal(
        of correlations: [String], in service: ServiceName, _ leftOut: inout [String]
    ) async throws -> [JourneyStep] {
        let rows = try await database.query(
            """
            select at, kind, name, correlation_id, event_id, causation_id from \(quoted: service.rawValue).journal
            where correlation_id = any(\(correlations)) order by at limit \(Int64(limits.recordsCountMax) + 1)
            """)
        if rows.count > limits.recordsCountMax {
            leftOut.append("of \(service) only the oldest \(limits.recordsCountMax) requests and mails are shown")
        }
        return try rows.prefix(limits.recordsCountMax).compactMap { row in
            let (at, kind, name, correlation, event, cause) = try row.decode(
                Date.self, String.self, String.self, String.self, String?.self, String?.self)
            guard let kind = JourneyKind(rawValue: kind) else { return nil }
            return JourneyStep(
                at: at, service: service, kind: kind, name: name, correlationID: correlation, eventID: event,
                causationID: cause)
        }
    }
}

extension JourneyStep {
    /// With equal times, the cause comes before the effect: a request that took longer contains the shorter one.
    fileprivate var place: (Date, Int, Double) { (at, kind.order, -(answer?.milliseconds ?? 0)) }

    /// The journal and the request log contain the same request.
    fileprivate var request: [String] { [service.rawValue, name, correlationID] }
}

extension JourneyKind {
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
