internal import CKafka
internal import EventLoop
internal import Synchronization

/// Owns a client of librdkafka. Whatever points into the client's memory holds on to it; when nobody does any more, the client is ended
/// on a thread of its own.
// @unchecked: librdkafka's clients may be used from any thread; the pointer is valid until `deinit`.
final class ClientHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let end = ClientEnd()
    private let isAbandoned = Atomic(false)

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    /// Starts a client; reads the files its settings name.
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

    /// Leaves the client to the end of the process: this version of librdkafka cannot end it in the state it is in.
    func abandon() { isAbandoned.store(true, ordering: .relaxed) }

    deinit {
        let how = isAbandoned.load(ordering: .relaxed) ? HUB_KAFKA_ABANDON : HUB_KAFKA_DESTROY
        // `clientHasEnded` takes this reference over.
        hub_kafka_destroy(pointer, Int32(how), clientHasEnded, Unmanaged.passRetained(end).toOpaque())
    }
}

/// Tells when a client has ended.
final class ClientEnd: Sendable {
    private struct State {
        var isOver = false
        var body: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isOver: Bool { state.withLock { $0.isOver } }

    /// Calls `body` once when the client has ended, on whatever thread that is noticed. One body at a time.
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
