internal import CKafka
internal import EventLoop
internal import Observability

/// A client of librdkafka on a loop: one descriptor wakes it for all queues, and a timer looks at them all the same. It lives until it is
/// closed.
// @unchecked: confined to its loop.
final class Client: @unchecked Sendable {
    let loop: EventLoop
    /// nil once closed.
    private(set) var handle: ClientHandle?
    /// Valid for the call only.
    var onEvent: (ClientEvent) -> Void = { _ in }
    /// Events have been taken; there may be something in the queues of partitions.
    var onWake: () -> Void = {}
    private var watch: Watch?
    private var timer: Watch?
    private let log: ClientLog
    private let pollInterval: Duration

    /// So many events at once; then the loop's other work has its turn.
    private static let turnCountMax = 64

    private init(_ handle: ClientHandle, loop: EventLoop, log: ClientLog, pollInterval: Duration) {
        self.handle = handle
        self.loop = loop
        self.log = log
        self.pollInterval = pollInterval
    }

    /// Starts a client on a thread of the cluster's pool and hands it to its loop. Call on the loop.
    /// - Throws: ``KafkaError``.
    static func start(
        _ kind: Int, _ settings: [KafkaConfiguration.Setting], cluster: KafkaCluster, on loop: EventLoop
    ) async throws -> Client {
        let handle = try await cluster.blocking { try ClientHandle.start(kind, settings) }
        let client = Client(
            handle, loop: loop, log: ClientLog(cluster.logger),
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

    /// Takes what is there. The descriptor tells only of queues that were empty, so all are taken until they are empty again.
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

    /// Writes an error where librdkafka's own lines go, and no more often.
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

    /// Lets go of the client, which ends when what was taken from it is freed.
    /// - Returns: tells when it has.
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
