internal import Contracts
internal import EventLoop
internal import Messaging
internal import Observability
internal import Platform
internal import SchemaRegistry

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Events for measurements.
enum BenchEvents {
    private static let batchCount = 1_000
    /// Concurrent appends.
    private static let appendCount = 16

    static func registered(at time: Date) -> UserRegistered {
        UserRegistered(
            userID: UserID.make(at: time), email: "ada.lovelace@example.org", firstName: "Ada", lastName: "Lovelace",
            role: .student, registeredAt: time)
    }

    /// Appends `user.registered` events to the log, as a relay would.
    /// - Parameter count: a multiple of 1,000.
    static func fill(_ parts: HubParts, count: Int) async throws {
        let append: @Sendable () async throws -> Void = {
            let records = try (0..<batchCount).map { _ in try record(parts) }
            for case .retry(let reason) in await parts.log.append(records, within: .seconds(60)) {
                throw CommandFailure("the log did not accept all events: \(reason)")
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count / batchCount {
                if index >= appendCount { try await group.next() }
                group.addTask(executorPreference: parts.loops.nextInTurn()) { try await append() }
            }
            try await group.waitForAll()
        }
    }

    private static func record(_ parts: HubParts) throws -> NewRecord {
        let event = registered(at: parts.clock())
        let trace = TraceContext.root()
        let envelope = Envelope(
            eventID: EventID.make(at: parts.clock()), timestamp: parts.clock(), data: event,
            metadata: Metadata(
                correlationID: try CorrelationID(validating: trace.correlationID), source: "user-service",
                traceID: trace.traceparent.traceID))
        return NewRecord(
            topic: UserRegistered.topic.name, key: event.key,
            headers: [
                RecordHeader(HeaderName.eventID, envelope.eventID.rawValue),
                RecordHeader(HeaderName.eventType, UserRegistered.topic.name),
                RecordHeader(HeaderName.correlationID, trace.correlationID),
                RecordHeader(HeaderName.traceparent, trace.traceparent.description),
            ], value: try parts.codec.encode(envelope))
    }
}
