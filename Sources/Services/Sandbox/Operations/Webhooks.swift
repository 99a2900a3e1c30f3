internal import Contracts
internal import HTTP
internal import Messaging
internal import Platform
internal import Postgres
internal import Stripe
internal import Synchronization

/// The task of sending an event.
struct DeliverWebhook: TaskPayload {
    static let kind = "deliver-webhook"
    let eventID: String
}

extension TaskPolicy {
    /// Stripe retries for three days; for a sandbox less is enough.
    static var webhooks: TaskPolicy {
        var policy = TaskPolicy()
        policy.attemptsMax = 30
        policy.timeMax = .seconds(30)
        policy.retry.delayBase = .milliseconds(200)
        policy.retry.delayMax = .seconds(30)
        return policy
    }
}

extension Operations {
    /// Stores an event, and schedules it as often as configured.
    func tell(_ type: String, _ object: some Encodable, on tx: Transaction) throws {
        let behaviour = behaviour.withLock { $0 }
        let id = makeID("evt")
        let body = try StripeJSON.encode(
            Event(id: id, type: type, created: seconds, data: .init(object: object)))
        store.insertEvent(id, body, isHeld: behaviour.holdsWebhooks, on: tx)
        if behaviour.holdsWebhooks { return }
        if behaviour.webhooksFirst { tx.withStorage(ToldFirst.self) { $0.append(id) } }
        try enqueue(id, copies: behaviour.webhookCopies, on: tx)
    }

    /// Sends the held events in reverse order.
    func release(copies: Int) async throws -> Int {
        try await database.transaction { tx in
            let ids = try await store.releaseEvents(on: tx)
            for id in ids { try enqueue(id, copies: copies, on: tx) }
            return ids.count
        }
    }

    private func enqueue(_ id: String, copies: Int, on tx: Transaction) throws {
        for copy in 0..<copies { try tasks.enqueue(DeliverWebhook(eventID: id), key: "\(id).\(copy)", on: tx) }
    }

    func deliver(_ task: DeliverWebhook, _ run: TaskRun) async throws { try await deliver(task.eventID) }

    /// - Throws: until the receiver has responded with success.
    func deliver(_ eventID: String) async throws {
        guard let body = try await store.findEvent(eventID, on: database) else {
            throw Failure.permanent("the event does not exist")
        }
        guard let address = services[.gateway] else { throw Failure.dependencyDown("the gateway's address is unknown") }
        var request = HTTPClientRequest(.post, address + webhookPath, body: .bytes(body))
        request.fields["content-type"] = "application/json; charset=utf-8"
        request.fields[StripeSignature.fieldName] = signature.sign(body, at: now())
        let answer = try await http.send(request, timeout: Self.webhookTimeout)
        guard answer.status.code < 300 else {
            throw Failure.transient("the receiver responded with \(answer.status.code)")
        }
    }
}

/// Events of a transaction that are sent before its request is answered.
enum ToldFirst: TransactionKey {
    static func makeValue() -> [String] { [] }
}
