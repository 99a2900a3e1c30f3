internal import CKafka
public import EventLoop

extension KafkaCluster {
    /// Opens an admin client. Its state is confined to `loop`.
    /// - Throws: ``KafkaError`` when the settings are invalid.
    public func administer(on loop: EventLoop) async throws -> KafkaAdmin {
        let settings = configuration.adminSettings()
        return try await loop.run("kafka admin") {
            let client = try await Client.start(HUB_KAFKA_PRODUCER, settings, cluster: self, on: loop)
            return KafkaAdmin(client, cluster: self, loop: loop)
        }
    }
}

/// Cluster administration: topics, their settings and records, groups and their offsets. It must be closed.
///
/// Every call has a timeout and throws a ``KafkaError``, of kind `timedOut` when no response arrived in time.
// @unchecked: confined to its loop, except for constants.
public final class KafkaAdmin: @unchecked Sendable {
    let cluster: KafkaCluster
    private let loop: EventLoop
    private let client: Client
    private let condition: Condition
    private var open: [UInt64: AdminCall] = [:]
    private var lastTag: UInt64 = 0
    private var lastError: KafkaError?

    /// The margin for late responses: librdkafka applies the timeout itself, except for some of its internal errors.
    private static let grace = Duration.seconds(1)

    init(_ client: Client, cluster: KafkaCluster, loop: EventLoop) {
        self.client = client
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        // `close` breaks this reference cycle.
        client.onEvent = { self.take($0) }
    }

    /// Sends a request and reads its response, which is valid during the call of `read`.
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
        KafkaError(.timedOut, "no response within \(limit)").caused(by: lastError)
    }

    private func take(_ event: ClientEvent) {
        switch event.kind {
        case HUB_KAFKA_EVENT_ERROR: lastError = event.error
        case HUB_KAFKA_EVENT_ANSWER:
            if let error = event.error {
                let isUnexplained = error.kind == .timedOut || error.kind == .passing
                finish(event.tag, .failure(isUnexplained ? error.caused(by: lastError) : error))
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

    /// Runs a blocking librdkafka call on a thread of the cluster's pool.
    func look<Answer: Sendable>(_ body: @escaping @Sendable (ClientHandle) throws -> Answer) async throws -> Answer {
        let handle = try await handle()
        do {
            return try await cluster.blocking { try body(handle) }
        } catch let error as KafkaError where error.kind == .passing || error.kind == .timedOut {
            throw error.caused(by: (try? await loop.run("kafka admin") { self.lastError }) ?? nil)
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

    /// Closes the admin client; pending requests fail.
    /// - Parameter limit: how long to wait for librdkafka's shutdown; after that it continues in the background.
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
    /// The entries of a response: the subject and the error of each.
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

    /// The same, where names are unique.
    var errors: [String: KafkaError] {
        results.reduce(into: [:]) { errors, result in
            if let error = result.error { errors[result.name] = error }
        }
    }

    /// - Throws: the first error in a response.
    func check() throws(KafkaError) {
        for result in results {
            if let error = result.error { throw error }
        }
    }
}
