internal import CKafka
internal import EventLoop
internal import Observability

/// A librdkafka client on a loop. One descriptor signals all queues; a timer polls them as a fallback. It lives until it is closed.
// @unchecked: confined to its loop.
final class Client: @unchecked Sendable {
    let loop: EventLoop
    /// nil once closed.
    private(set) var handle: ClientHandle?
    /// Valid during the call only.
    var onEvent: (ClientEvent) -> Void = { _ in }
    /// Called after events were taken: the partition queues may hold records.
    var onWake: () -> Void = {}
    private var watch: Watch?
    private var timer: Watch?
    private let log: ClusterLog
    private let pollInterval: Duration

    /// The number of events per iteration, after which the loop runs other work.
    private static let turnCountMax = 64

    private init(_ handle: ClientHandle, loop: EventLoop, log: ClusterLog, pollInterval: Duration) {
        self.handle = handle
        self.loop = loop
        self.log = log
        self.pollInterval = pollInterval
    }

    /// Creates a client on a thread of the cluster's pool and attaches it to its loop. Call on the loop.
    /// - Throws: ``KafkaError``.
    static func start(
        _ kind: Int, _ settings: [KafkaConfiguration.Setting], cluster: KafkaCluster, on loop: EventLoop
    ) async throws -> Client {
        let handle = try await cluster.blocking { try ClientHandle.start(kind, settings) }
        let client = Client(
            handle, loop: loop, log: cluster.log,
            pollInterval: cluster.configuration.consumer.pollInterval)
        try client.watchQueues()
        return client
    }

    private func watchQueues() throws {
        guard let handle else { return }
        do {
            watch = try loop.watch(hub_kafka_descriptor(handle.pointer), for: .read) { _ in
                if let handle = self.handle { hub_kafka_quieten(handle.pointer) }
                self.turn()
            }
        } catch {
            throw KafkaError(.passing, "the loop cannot watch another client")
        }
        scheduleTurn(after: pollInterval)
    }

    private func scheduleTurn(after delay: Duration) {
        timer?.cancel()
        timer = try? loop.schedule(after: delay) { self.turn() }
    }

    /// Takes all events. The descriptor signals only when an empty queue becomes non-empty, so each queue must be drained.
    private func turn() {
        var count = 0
        while count < Self.turnCountMax, let handle, let raw = hub_kafka_take(handle.pointer) {
            count += 1
            take(ClientEvent(raw, of: handle))
            hub_kafka_event_free(raw)
        }
        if handle == nil { return }
        onWake()
        if handle != nil { scheduleTurn(after: count == Self.turnCountMax ? .zero : pollInterval) }
    }

    /// Logs an error with the same rate limit as librdkafka's own lines.
    func note(_ error: KafkaError) {
        log.write(.warning, place: error.code ?? error.kind.rawValue, text: error.message)
    }

    private func take(_ event: ClientEvent) {
        switch event.kind {
        case HUB_KAFKA_EVENT_LOG: log.write(event)
        case HUB_KAFKA_EVENT_NONE: break
        default: onEvent(event)
        }
    }

    /// Releases the client. It ends when all memory taken from it is released.
    /// - Returns: an object that reports the end.
    @discardableResult
    func close() -> ClientEnd? {
        watch?.cancel()
        timer?.cancel()
        watch = nil
        timer = nil
        onEvent = { _ in }
        onWake = {}
        let end = handle?.end
        handle = nil
        return end
    }
}
