public import Contracts
public import Observability
public import Postgres
public import SchemaRegistry

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A service's transactional outbox: events are written in the transaction that changes the service's tables, so both commit or neither.
///
/// ```swift
/// try await database.transaction { tx in
///     let enrollment = try await store.insert(…, on: tx)
///     try outbox.append(EnrollmentCreated(enrollment), on: tx)
///     return enrollment
/// }
/// ```
/// Events are collected on the transaction and written by one statement just before COMMIT; the service's ``Relay`` sends them.
public struct Outbox: Sendable {
    public let service: ServiceName
    let codec: EventCodec
    let bell: OutboxBell
    private let journal: Journal
    private let now: @Sendable () -> Date
    private let makeEventID: @Sendable (Date) -> EventID

    /// - Parameters:
    ///   - service: the schema of the outbox table, and the source in events.
    ///   - now: the timestamp of events.
    ///   - makeEventID: creates event ids, which should increase with time.
    public init(
        service: ServiceName, codec: EventCodec, now: @escaping @Sendable () -> Date = { WallClock.date },
        makeEventID: @escaping @Sendable (Date) -> EventID = { EventID.make(at: $0) }
    ) {
        self.service = service
        self.codec = codec
        self.now = now
        self.makeEventID = makeEventID
        bell = OutboxBell()
        journal = Journal(now: now)
    }

    /// Sends an event once `tx` commits, and never if it rolls back.
    ///
    /// Correlation id, trace and cause come from ``TraceContext/current``; without it, the event starts a new trace.
    /// In a replay nothing is sent, unless the replay is told to: the events were already sent the first time.
    /// - Returns: the event's id, for rows that refer to it.
    /// - Throws: ``OutboxError`` for an event of another service; the codec's error for data that the schema cannot express.
    @discardableResult
    public func append<E: Event>(_ event: E, on tx: Transaction) throws -> EventID {
        guard E.topic.producer == service else { throw OutboxError.notOurs(E.topic, service) }
        let time = now()
        let trace = TraceContext.current ?? .root()
        let eventID = makeEventID(time)
        if ReplayContext.suppressesEvents { return eventID }
        let envelope = Envelope(
            eventID: eventID, timestamp: time, data: event,
            metadata: Metadata(
                correlationID: try CorrelationID(validating: trace.correlationID), source: service.eventSource,
                traceID: trace.traceparent.traceID, causationID: try trace.causationID.map(EventID.init(validating:))))
        let record = NewRecord(
            topic: E.topic.name, key: event.key, headers: Self.headers(of: envelope, trace),
            value: try codec.encode(envelope))
        add(record, id: eventID.rawValue, on: tx)
        journal.noteRequest(on: tx)
        return eventID
    }

    /// Sends any record once `tx` commits.
    /// - Parameter id: the name of the record in lists of refused records.
    func add(_ record: NewRecord, id: String, on tx: Transaction) {
        let isFirst = tx.withStorage(OutboxBuffer.self) { rows in
            rows.append(OutboxRow(record: record, id: id))
            return rows.count == 1
        }
        if isFirst {
            tx.beforeCommit { Self.flush($0) }
            let bell = bell
            tx.afterCommit { bell.ring() }
        }
    }

    private static func headers<E>(of envelope: Envelope<E>, _ trace: TraceContext) -> [RecordHeader] {
        var headers = [
            RecordHeader(HeaderName.eventID, envelope.eventID.rawValue),
            RecordHeader(HeaderName.eventType, E.topic.name),
            RecordHeader(HeaderName.correlationID, trace.correlationID),
            RecordHeader(HeaderName.traceparent, trace.traceparent.description),
            RecordHeader(HeaderName.contentType, "application/vnd.confluent.avro"),
        ]
        if let cause = trace.causationID { headers.append(RecordHeader(HeaderName.causationID, cause)) }
        return headers
    }

    /// One statement, in the same round trip as COMMIT.
    ///
    /// The shared lock tells the relay that ids are being assigned (see ``OutboxReader``). It is acquired last, so it is held only for
    /// the duration of the commit.
    private static func flush(_ tx: Transaction) {
        let rows = tx.withStorage(OutboxBuffer.self) { rows in
            defer { rows = [] }
            return rows
        }
        var topics: [String] = [], keys: [[UInt8]?] = [], ids: [String] = []
        var headers: [[UInt8]] = [], values: [[UInt8]?] = []
        for row in rows {
            topics.append(row.record.topic)
            keys.append(row.record.key)
            ids.append(row.id)
            headers.append(HeaderCodec.encode(row.record.headers))
            values.append(row.record.value)
        }
        tx.submit(
            """
            insert into outbox (topic, key, event_id, headers, value)
            select r.topic, r.key, r.event_id, r.headers, r.value
            from pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '.outbox', 0)),
                unnest(\(topics), \(keys), \(ids), \(headers), \(values)) with ordinality
                    as r (topic, key, event_id, headers, value, turn)
            order by r.turn
            """)
    }
}

/// Why an event was refused.
public enum OutboxError: ClassifiedError, CustomStringConvertible {
    /// The catalogue assigns the event to another service, which alone guarantees its order and meaning to consumers.
    case notOurs(Topic, ServiceName)

    public var failureClass: FailureClass { .permanent }

    public var description: String {
        switch self {
        case .notOurs(let topic, let service): "\(topic) is produced by \(topic.producer), not by \(service)"
        }
    }
}

/// A record waiting for its transaction's commit.
private struct OutboxRow: Sendable {
    let record: NewRecord
    let id: String
}

private enum OutboxBuffer: TransactionKey {
    static func makeValue() -> [OutboxRow] { [] }
}

extension WallClock {
    /// The time of day; testable code takes it as a parameter.
    public static var date: Date { Date(timeIntervalSince1970: Double(millisecondsSinceEpoch) / 1_000) }
}
