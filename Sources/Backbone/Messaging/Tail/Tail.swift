public import Contracts
internal import SchemaRegistry

/// Topics that a process follows from now on, without a group: every following process sees every event, partitions are not shared, and
/// no offset is stored.
///
/// For temporary display only. Work that must survive a restart needs a ``Handler``.
public struct Tail: Sendable {
    public let handlers: [TailHandler]
    /// Called before the first event, and whenever events may have been missed.
    public let onGap: @Sendable () -> Void
    /// Called with true when the process follows the log, and with false when a failure has ended that.
    public let onChange: @Sendable (Bool) -> Void

    public init(
        _ handlers: [TailHandler], onGap: @escaping @Sendable () -> Void,
        onChange: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.handlers = handlers
        self.onGap = onGap
        self.onChange = onChange
    }
}

/// A process's reaction to events of one type. An event may be delivered twice.
public struct TailHandler: Sendable {
    /// The topic of its events.
    let topic: String
    let handle: @Sendable (LogRecord, EventCodec) async throws -> Void

    public init<E: Event>(on type: E.Type, _ body: @escaping @Sendable (E) -> Void) {
        self.init(topic: E.topic.name) { record, codec in
            guard let value = record.value else { throw Failure.permanent("the record has no value") }
            body(try await codec.decode(value, as: E.self).data)
        }
    }

    init(topic: String, _ handle: @escaping @Sendable (LogRecord, EventCodec) async throws -> Void) {
        self.topic = topic
        self.handle = handle
    }
}
