internal import CKafka
internal import EventLoop
internal import Synchronization

/// Owns a librdkafka client. Objects that point into the client's memory retain the handle; the last release destroys the client on a
/// separate thread.
// @unchecked: librdkafka clients are thread-safe; the pointer is valid until `deinit`.
final class ClientHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let end = ClientEnd()
    private let isAbandoned = Atomic(false)

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    /// Creates a client; reads the files named in its settings.
    static func start(
        _ kind: Int, _ settings: [KafkaConfiguration.Setting]
    ) throws(KafkaError) -> ClientHandle {
        let strings = CStrings()
        let pairs = settings.map {
            hub_kafka_setting(name: strings.append($0.name), value: strings.append($0.value))
        }
        var error = hub_kafka_error()
        let pointer = withExtendedLifetime(strings) {
            hub_kafka_new(Int32(kind), pairs, Int32(pairs.count), &error)
        }
        guard let pointer else { throw KafkaError(error) }
        return ClientHandle(pointer)
    }

    /// Leaks the client until the process exits: this librdkafka version cannot destroy it in its current state.
    func abandon() { isAbandoned.store(true, ordering: .relaxed) }

    deinit {
        let how = isAbandoned.load(ordering: .relaxed) ? HUB_KAFKA_ABANDON : HUB_KAFKA_DESTROY
        // `clientHasEnded` takes this reference over.
        hub_kafka_destroy(pointer, Int32(how), clientHasEnded, Unmanaged.passRetained(end).toOpaque())
    }
}

/// Reports the end of a client.
final class ClientEnd: Sendable {
    private struct State {
        var isOver = false
        var body: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isOver: Bool { state.withLock { $0.isOver } }

    /// Calls `body` once when the client has ended, on any thread. Only one body at a time.
    func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.body = body }
            return state.isOver
        }
        if isOver { body() }
    }

    fileprivate func set() {
        state.withLock { state in
            state.isOver = true
            defer { state.body = nil }
            return state.body
        }?()
    }
}

private func clientHasEnded(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<ClientEnd>.fromOpaque(context).takeRetainedValue().set()
}
