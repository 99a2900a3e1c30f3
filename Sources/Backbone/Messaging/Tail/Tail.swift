public import Contracts
internal import SchemaRegistry

/// Topics that a process follows from the moment on at which it begins, with no group: every process that follows sees every event,
/// nothing is shared out, and nothing is kept of how far it has read.
///
/// For what is shown and forgotten. What must not be lost with the process has a ``Handler``.
public struct Tail: Sendable {
    public let handlers: [TailHandler]
    /// Called before the first event, and whenever events may have been missed.
    public let onGap: @Sendable () -> Void

    public init(_ handlers: [TailHandler], onGap: @escaping @Sendable () -> Void) {
        self.handlers = handlers
        self.onGap = onGap
    }
}

/// What a process does with events of one type while they come in. An event may come twice.
public struct TailHandler: Sendable {
    /// Where its events come from.
    let topic: String
    let handle: @Sendable (LogRecord, EventCodec) async throws -> Void

    public init<E: Event>(on type: E.Type, _ body: @escaping @Sendable (E) -> Void) {
        self.init(topic: E.topic.name) { record, codec in
            guard let value = record.value else { throw Failure.permanent("a record without a value") }
            body(try await codec.decode(value, as: E.self).data)
        }
    }

    init(topic: String, _ handle: @escaping @Sendable (LogRecord, EventCodec) async throws -> Void) {
        self.topic = topic
        self.handle = handle
    }
}
