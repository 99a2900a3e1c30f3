#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import EventLoop
internal import HTTP
internal import Platform
internal import Postgres
internal import Synchronization

/// Stripe's REST API, and below `/sandbox` the control of the sandbox by tests.
struct SandboxRoutes: Sendable {
    let operations: Operations
    let secretKey: String

    var router: Router {
        var router = Router()
        post("/v1/payment_intents", &router) { [operations] form, _, tx in try await operations.makeIntent(form, on: tx)
        }
        post("/v1/payment_intents/{id}/confirm", &router) { [operations] _, id, tx in
            try await operations.confirmIntent(id, on: tx)
        }
        post("/v1/payment_intents/{id}/cancel", &router) { [operations] _, id, tx in
            try await operations.cancelIntent(id, on: tx)
        }
        post("/v1/refunds", &router) { [operations] form, _, tx in try await operations.refund(form, on: tx) }
        post("/v1/plans", &router) { [operations] form, _, tx in try await operations.makePlan(form, on: tx) }
        post("/v1/customers", &router) { [operations] form, _, tx in try await operations.makeCustomer(form, on: tx) }
        post("/v1/subscriptions", &router) { [operations] form, _, tx in try await operations.subscribe(form, on: tx) }
        act(.delete, "/v1/subscriptions/{id}", &router) { [operations] _, id, tx in
            try await operations.endSubscription(id, on: tx)
        }
        get("/v1/payment_intents/{id}", &router) { [operations] id in try await operations.findIntent(id) }
        get("/v1/payment_intents", &router) { [operations] _ in List(data: try await operations.intents()) }
        get("/v1/plans/{id}", &router) { [operations] id in try await operations.findPlan(id) }
        get("/v1/subscriptions/{id}", &router) { [operations] id in try await operations.findSubscription(id) }
        router.add(.post, "/sandbox/behaviour") { request in await answered(request) { try await setBehaviour(request) }
        }
        router.add(.post, "/sandbox/release") { request in await answered(request) { try await release(request) } }
        return router
    }

    private struct List<Item: Encodable>: Encodable {
        let object = "list"
        let data: [Item]
    }

    // MARK: Calls

    private typealias Action<Object> = @Sendable (Form, _ id: String, Transaction) async throws -> Object

    private func post<Object: Encodable & Sendable>(
        _ pattern: String, _ router: inout Router, _ action: @escaping Action<Object>
    ) { act(.post, pattern, &router, action) }

    private func act<Object: Encodable & Sendable>(
        _ method: HTTPMethod, _ pattern: String, _ router: inout Router, _ action: @escaping Action<Object>
    ) {
        router.add(method, pattern) { request in
            await answered(request) {
                try await operations.misbehaving {
                    try await operations.once(request) { form, tx in
                        try await action(form, request.pathParameters["id"] ?? "", tx)
                    }
                }
            }
        }
    }

    private func get<Object: Encodable>(
        _ pattern: String, _ router: inout Router, _ read: @escaping @Sendable (_ id: String) async throws -> Object
    ) {
        router.add(.get, pattern) { request in
            await answered(request) {
                .json(.ok, try StripeJSON.encode(try await read(request.pathParameters["id"] ?? "")))
            }
        }
    }

    private func answered(_ request: HTTPRequest, _ body: () async throws -> HTTPResponse) async -> HTTPResponse {
        do {
            if request.path.hasPrefix("/v1/"), request.fields["authorization"] != "Bearer \(secretKey)" {
                throw SandboxError.unauthorized
            }
            return try await body()
        } catch let error as SandboxError {
            return .json(HTTPStatus(error.status), (try? StripeJSON.encode(ErrorView(error))) ?? [])
        } catch {
            return Problem(answering: error).response()
        }
    }

    // MARK: The sandbox itself

    private func setBehaviour(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body = try await request.body.collect(bytesMax: Operations.bodyBytesMax)
        guard let wanted = try? JSONDecoder().decode(Behaviour.self, from: Data(body)),
            (0...Behaviour.answerDelayMsMax).contains(wanted.answerDelayMs),
            (1...Behaviour.webhookCopiesMax).contains(wanted.webhookCopies), (400...599).contains(wanted.failureStatus)
        else { throw SandboxError.invalid("behaviour", "send every field of the behaviour, within its limits") }
        operations.behaviour.withLock { $0 = wanted }
        return .noContent
    }

    private func release(_ request: HTTPRequest) async throws -> HTTPResponse {
        let copies = request.query("copies").flatMap { Int($0) } ?? 1
        let count = try await operations.release(copies: min(max(1, copies), Behaviour.webhookCopiesMax))
        return .json(.ok, Array("{\"released\":\(count)}".utf8))
    }
}
