internal import Contracts
internal import Observability
internal import Postgres
internal import SchemaRegistry

/// Handles records: decodes them, writes them to the inbox and calls the handlers, in one transaction for one or many events.
struct EventProcessor: Sendable {
    let group: ConsumerGroup
    /// The group in the inbox: `group`, or the temporary group of a replay.
    let inbox: Inbox
    let handlers: [String: [Handler]]
    let database: Database
    let codec: EventCodec
    let isReplay: Bool
    let suppressesEvents: Bool
    /// Called when the server rolled a transaction back because of a deadlock.
    let onConflict: @Sendable () -> Void

    init(
        group: ConsumerGroup, inboxGroup: String? = nil, handlers: [Handler], database: Database, codec: EventCodec,
        isReplay: Bool = false, suppressesEvents: Bool = false, onConflict: @escaping @Sendable () -> Void = {}
    ) {
        self.group = group
        inbox = Inbox(group: inboxGroup ?? group.rawValue)
        let called = isReplay ? handlers.filter(\.runsInReplay) : handlers
        self.handlers = Dictionary(grouping: called) { $0.topic.name }
        self.database = database
        self.codec = codec
        self.isReplay = isReplay
        self.suppressesEvents = suppressesEvents
        self.onConflict = onConflict
    }

    /// Whether events of a topic may share a transaction.
    func handlesTogether(_ topic: String) -> Bool { handlers[topic]?.contains(where: \.hasExternalEffects) != true }

    /// Decodes a record for its handlers; nil when the group has no handler for it.
    /// - Throws: the decoding error.
    func prepare(_ record: LogRecord) async throws -> PreparedEvent? {
        let origin = RecordOrigin(of: record, redriveTopic: group.redriveTopic)
        guard let handlers = handlers[origin.position.partition.topic] else { return nil }
        var calls: [PreparedEvent.NamedCall] = []
        for handler in handlers {
            calls.append(.init(name: handler.name, call: try await handler.bind(record, codec)))
        }
        guard let first = calls.first?.call else { return nil }
        return PreparedEvent(
            record: record, origin: origin, calls: calls, eventID: first.eventID, correlationID: first.correlationID)
    }

    /// Handles events in one transaction, one after the other in the given order; all or none.
    ///
    /// Never concurrently: the events share one transaction, and its locks do not exclude its own statements.
    /// - Parameter moves: the partitions of the events and their next offsets; none in a replay.
    /// - Returns: how many events were new.
    func handle(_ events: [PreparedEvent], moving moves: [PositionMove] = []) async throws -> Int {
        let lasting = events.map { lifetime(of: $0) }.max() ?? .zero
        var isAgain = false
        return try await database.transaction { tx in
            if isAgain { onConflict() }
            isAgain = true
            var fresh = try await inbox.note(events, lasting: lasting, moving: moves, on: tx)
            let count = fresh.count
            // An event that occurs twice in the batch counts as new once.
            let new = events.filter { fresh.remove($0.eventID) != nil }
            for (index, event) in new.enumerated() {
                await Fairness.pause(after: index)
                try await call(event, on: tx)
            }
            return count
        }
    }

    /// Handles batches of several partitions in one transaction, in partition order. When it fails, each batch is retried in its own
    /// transaction, unless the database is down.
    /// - Returns: for each batch, whether it was handled.
    func handle(_ batches: [PreparedBatch], metrics: ConsumerMetrics) async -> [Result<Void, any Error>] {
        let whole = await Result { try await handle(whole: batches, metrics) }
        if batches.count == 1 { return [whole] }
        var results = batches.map { _ in whole }
        guard case .failure(let error) = whole, FailureClass(of: error) != .dependencyDown else { return results }
        for (index, batch) in batches.enumerated() {
            let own = await Result { try await handle(whole: [batch], metrics) }
            results[index] = own
            if case .failure(let error) = own, FailureClass(of: error) == .dependencyDown {
                for rest in batches.indices where rest > index { results[rest] = own }
                break
            }
        }
        return results
    }

    private func handle(whole batches: [PreparedBatch], _ metrics: ConsumerMetrics) async throws {
        try Task.checkCancellation()
        let events = batches.flatMap(\.events).sorted { $0.record.position < $1.record.position }
        let start = ContinuousClock.now
        let count = try await handle(events, moving: batches.map(\.move))
        metrics.handled.increment(by: UInt64(count))
        metrics.duplicates.increment(by: UInt64(events.count - count))
        metrics.batch.observe(ContinuousClock.now - start)
    }

    private func lifetime(of event: PreparedEvent) -> Duration {
        Inbox.lifetime(of: handlers[event.origin.position.partition.topic]?.first?.topic, group: group)
    }

    private func call(_ event: PreparedEvent, on tx: Transaction) async throws {
        try await TraceContext.$current.withValue(trace(of: event)) {
            for handler in event.calls {
                if suppressesEvents {
                    try await ReplayContext.$suppressesEvents.withValue(true) {
                        try await handler.call.run(isReplay, tx)
                    }
                } else {
                    try await handler.call.run(isReplay, tx)
                }
            }
        }
    }

    /// Continues the trace: same correlation id and trace id, a new span, and the event as cause.
    private func trace(of event: PreparedEvent) -> TraceContext {
        var random = SystemRandomNumberGenerator()
        let known = event.record.headers[HeaderName.traceparent].flatMap { Traceparent($0) }
        let context = TraceContext(
            correlationID: event.correlationID, traceparent: known ?? Traceparent(using: &random))
        return context.caused(by: event.eventID)
    }
}
