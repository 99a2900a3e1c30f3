public import Contracts
public import Observability
public import Postgres
public import SchemaRegistry

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where a service puts its events: on the transaction that changes its tables, so that both commit or neither.
///
/// ```swift
/// try await database.transaction { tx in
///     let enrollment = try await store.insert(…, on: tx)
///     try outbox.append(EnrollmentCreated(enrollment), on: tx)
///     return enrollment
/// }
/// ```
/// Events are kept on the transaction and written by one statement just before COMMIT; the service's ``Relay`` sends them on.
public struct Outbox: Sendable {
    public let service: ServiceName
    let codec: EventCodec
    let bell: OutboxBell
    private let journal: Journal
    private let now: @Sendable () -> Date
    private let makeEventID: @Sendable (Date) -> EventID

    /// - Parameters:
    ///   - service: the schema its table lives in, and the source its events name.
    ///   - now: the time events carry.
    ///   - makeEventID: ids for events; they should rise with time.
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

    /// Sends an event once `tx` commits, and never when it does not.
    ///
    /// Its correlation id, trace and cause are those of ``TraceContext/current``; without one the event begins a journey.
    /// In a replay nothing is sent, unless the replay was told to: the events went out when it happened.
    /// - Returns: the event's id, for rows that refer to it.
    /// - Throws: ``OutboxError`` for an event that another service produces; what the codec throws for data its schema cannot express.
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
    /// - Parameter id: what lists of refused records call it by.
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

    /// One statement, in one flight with COMMIT.
    ///
    /// The shared lock tells the relay that ids are being given out (see ``OutboxReader``). It is the last thing a transaction
    /// does, so it is held for no longer than the commit takes.
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

/// Why an event was not taken.
public enum OutboxError: ClassifiedError, CustomStringConvertible {
    /// The catalogue says that another service produces it: what its consumers rely on, its order and its meaning, is that one's.
    case notOurs(Topic, ServiceName)

    public var failureClass: FailureClass { .permanent }

    public var description: String {
        switch self {
        case .notOurs(let topic, let service): "\(topic) is produced by \(topic.producer), not by \(service)"
        }
    }
}

/// A record that waits for its transaction's commit.
private struct OutboxRow: Sendable {
    let record: NewRecord
    let id: String
}

private enum OutboxBuffer: TransactionKey {
    static func makeValue() -> [OutboxRow] { [] }
}

extension WallClock {
    /// The time of day; what must be testable takes it as a parameter.
    public static var date: Date { Date(timeIntervalSince1970: Double(millisecondsSinceEpoch) / 1_000) }
}
