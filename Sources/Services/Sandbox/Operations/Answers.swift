internal import EventLoop
internal import HTTP
internal import Postgres
internal import Secrets
internal import Synchronization

extension Operations {
    static let bodyBytesMax = 64 * 1024

    /// Executes a request once per idempotency key, and returns the same response for a repeated key. Declined cards are stored too, as
    /// at Stripe.
    func once<Object: Encodable & Sendable>(
        _ request: HTTPRequest, _ action: @escaping @Sendable (Form, Transaction) async throws -> Object
    ) async throws -> HTTPResponse {
        let body = try await request.body.collect(bytesMax: Self.bodyBytesMax)
        let fingerprint = SHA256.digest(Array("\(request.method) \(request.target)\n".utf8) + body)
        let key = request.fields["idempotency-key"]
        let (status, bytes, first) = try await database.transaction { tx -> (Int, [UInt8], [String]) in
            if let key, let known = try await store.lockKey(key, on: tx) {
                guard known.fingerprint == fingerprint else { throw SandboxError.keyReused }
                return (known.status, known.body, [])
            }
            let object = try await action(Form(body), tx)
            let (status, bytes) = try Self.answer(object)
            if let key {
                store.insert(.init(fingerprint: fingerprint, status: status, body: bytes), of: key, on: tx)
            }
            return (status, bytes, tx.withStorage(ToldFirst.self) { $0 })
        }
        for event in first { try? await deliver(event) }
        return .json(HTTPStatus(status), bytes)
    }

    /// A declined card is an error response that contains the intent.
    private static func answer(_ object: some Encodable) throws -> (Int, [UInt8]) {
        guard let intent = object as? Intent, intent.status == "requires_payment_method",
            let failure = intent.lastPaymentError
        else { return (200, try StripeJSON.encode(object)) }
        return (402, try StripeJSON.encode(ErrorView(failure, intent)))
    }

    /// Applies the faults of ``Behaviour``.
    func misbehaving(_ body: () async throws -> HTTPResponse) async throws -> HTTPResponse {
        let (fails, losesAnswer, now) = behaviour.withLock { behaviour in
            let fails = behaviour.failures > 0
            if fails { behaviour.failures -= 1 }
            let loses = !fails && behaviour.lostAnswers > 0
            if loses { behaviour.lostAnswers -= 1 }
            return (fails, loses, behaviour)
        }
        if fails {
            throw SandboxError(
                status: now.failureStatus, type: "api_error", code: "asked_for",
                message: "The behaviour setting requested this error.")
        }
        let response = try await body()
        if now.answerDelayMs > 0 { try await loops.next().sleep(for: .milliseconds(now.answerDelayMs)) }
        struct Lost: Error {}
        return losesAnswer ? HTTPResponse(.ok, body: .stream(length: 1_000) { throw Lost() }) : response
    }
}

/// An error in Stripe's format.
struct ErrorView: Encodable {
    struct Fault: Encodable {
        let type, code, message: String
        let declineCode, param: String?
        let paymentIntent: Intent?
    }
    let error: Fault

    init(_ error: SandboxError) {
        self.error = Fault(
            type: error.type, code: error.code, message: error.message, declineCode: error.declineCode,
            param: error.param, paymentIntent: nil)
    }

    init(_ failure: Intent.Failure, _ intent: Intent) {
        error = Fault(
            type: "card_error", code: failure.code, message: failure.message, declineCode: failure.declineCode,
            param: nil, paymentIntent: intent)
    }
}
