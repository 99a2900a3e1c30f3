internal import CKafka
public import EventLoop

extension KafkaCluster {
    /// Opens the administration. Its state is on `loop`.
    /// - Throws: ``KafkaError``, when the settings are wrong.
    public func administer(on loop: EventLoop) async throws -> KafkaAdmin {
        let settings = configuration.adminSettings()
        return try await loop.run("kafka admin") {
            let client = try await Client.start(HUB_KAFKA_PRODUCER, settings, cluster: self, on: loop)
            return KafkaAdmin(client, cluster: self, loop: loop)
        }
    }
}

/// What operators do with a cluster: topics, their settings and records, groups and their offsets. It must be closed.
///
/// Every call has a deadline, and throws a ``KafkaError``: of kind `timedOut` when no answer came by then.
// @unchecked: confined to its loop, but for the constants.
public final class KafkaAdmin: @unchecked Sendable {
    let cluster: KafkaCluster
    private let loop: EventLoop
    private let client: Client
    private let condition: Condition
    private var open: [UInt64: AdminCall] = [:]
    private var lastTag: UInt64 = 0
    private var lastError: KafkaError?

    /// What an answer may come late by: librdkafka keeps the deadline itself, but for some of its own errors.
    private static let grace = Duration.seconds(1)

    init(_ client: Client, cluster: KafkaCluster, loop: EventLoop) {
        self.client = client
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        // This reference ends with `close`.
        client.onEvent = { self.take($0) }
    }

    /// Sends a request and reads its answer, which is valid during the call of `read`.
    func request<Answer: Sendable>(
        within limit: Duration,
        _ send: @escaping @Sendable (OpaquePointer, hub_kafka_request, inout hub_kafka_error) -> Int32,
        _ read: @escaping @Sendable (ClientEvent) throws(KafkaError) -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Answer, any Error>) in
            loop.execute {
                self.begin(within: limit, send) { event in
                    continuation.resume(with: Result { try read(event.get()) })
                }
            }
        }
    }

    private func begin(
        within limit: Duration, _ send: (OpaquePointer, hub_kafka_request, inout hub_kafka_error) -> Int32,
        _ done: @escaping (Result<ClientEvent, KafkaError>) -> Void
    ) {
        guard let pointer = client.handle?.pointer else {
            return done(.failure(KafkaError(.closed, "the administration is closed")))
        }
        lastTag += 1
        let tag = lastTag
        var error = hub_kafka_error()
        let request = hub_kafka_request(tag: tag, timeout: limit.millisecondsClamped)
        if send(pointer, request, &error) != 0 { return done(.failure(KafkaError(error))) }
        let call = AdminCall(done)
        open[tag] = call
        call.timer = try? loop.schedule(after: limit + Self.grace) { self.finish(tag, .failure(self.silence(limit))) }
    }

    private func silence(_ limit: Duration) -> KafkaError {
        KafkaError(.timedOut, "no answer within \(limit)" + (lastError.map { ", last heard: \($0.message)" } ?? ""))
    }

    private func take(_ event: ClientEvent) {
        switch event.kind {
        case HUB_KAFKA_EVENT_ERROR: lastError = event.error
        case HUB_KAFKA_EVENT_ANSWER:
            if var error = event.error {
                if error.kind == .timedOut || error.kind == .passing, let lastError {
                    error.message += ", last heard: \(lastError.message)"
                }
                finish(event.tag, .failure(error))
            } else {
                lastError = nil
                finish(event.tag, .success(event))
            }
        default: break
        }
    }

    private func finish(_ tag: UInt64, _ result: Result<ClientEvent, KafkaError>) {
        guard let call = open.removeValue(forKey: tag) else { return }
        call.timer?.cancel()
        call.done(result)
    }

    /// Runs a call of librdkafka's that waits, on a thread of the cluster's.
    func look<Answer: Sendable>(_ body: @escaping @Sendable (ClientHandle) throws -> Answer) async throws -> Answer {
        let handle = try await handle()
        do {
            return try await cluster.blocking { try body(handle) }
        } catch var error as KafkaError where error.kind == .passing || error.kind == .timedOut {
            // What such a call answers does not say why.
            let heard = try? await loop.run("kafka admin") { self.lastError?.message }
            if let heard = heard ?? nil { error.message += ", last heard: \(heard)" }
            throw error
        }
    }

    func handle() async throws -> ClientHandle {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<ClientHandle, any Error>) in
            loop.execute {
                if let handle = self.client.handle { return continuation.resume(returning: handle) }
                continuation.resume(throwing: KafkaError(.closed, "the administration is closed"))
            }
        }
    }

    /// Ends the administration; what is under way fails.
    /// - Parameter limit: how long librdkafka's own end may take; it goes on without the caller after that.
    public func close(within limit: Duration) async {
        _ = try? await loop.shielded("kafka admin close") {
            for tag in self.open.keys {
                self.finish(tag, .failure(KafkaError(.closed, "the administration is closed")))
            }
            guard let end = self.client.close() else { return }
            end.whenOver { [loop = self.loop, condition = self.condition] in loop.execute { condition.check() } }
            _ = await self.condition.wait(atMost: limit) { end.isOver }
        }
    }
}

private final class AdminCall {
    let done: (Result<ClientEvent, KafkaError>) -> Void
    var timer: Watch?
    init(_ done: @escaping (Result<ClientEvent, KafkaError>) -> Void) { self.done = done }
}

extension ClientEvent {
    /// The lines of an answer: what each is about, and what went wrong with it.
    var results: [(name: String, error: KafkaError?)] {
        (0..<hub_kafka_event_result_count(raw)).map { index in
            let result = hub_kafka_event_result(raw, index)
            let text = result.text.map { String(cString: $0) }
            return (
                result.name.map { String(cString: $0) } ?? "",
                result.code == 0 ? nil : KafkaError(code: result.code, text: text)
            )
        }
    }

    /// The same, where each name is told once.
    var errors: [String: KafkaError] {
        results.reduce(into: [:]) { errors, result in
            if let error = result.error { errors[result.name] = error }
        }
    }

    /// - Throws: the first error of an answer.
    func check() throws(KafkaError) {
        for result in results {
            if let error = result.error { throw error }
        }
    }
}
