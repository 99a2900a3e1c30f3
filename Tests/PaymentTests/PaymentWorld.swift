import Contracts
import Foundation
import HTTP
import HubTesting
import Observability
import Postgres
import ServiceTesting
import Synchronization
import Testing

@testable import Payment
@testable import Platform
@testable import Sandbox

/// Payment with the sandbox beside it, over real sockets, and the neighbours it asks as far as it asks them.
struct PaymentWorld: Sendable {
    let payments: TestService<PaymentService>
    let sandbox: TestService<SandboxService>
    let neighbours: AskedNeighbours
    let directory: ServiceDirectory
    let clock: TestClock

    static let learner = Identity.user(userID(1), role: .student, session: "s")
    static let other = Identity.user(userID(2), role: .student, session: "s")
    static let administrator = Identity.user(userID(3), role: .admin, session: "s")
    static let course = CourseID.make(at: Date(timeIntervalSince1970: 1))

    static func userID(_ number: Int) -> UserID { UserID(checked: "usr_0000000\(number)") }

    /// Runs `body` while both services do their tasks as they come.
    static func with(
        limits: PaymentLimits = PaymentLimits(), settings: [String: String] = [:],
        _ body: @escaping @Sendable (PaymentWorld) async throws -> Void
    ) async throws {
        try await TestDatabase.with(TestService<PaymentService>.template) { paymentDatabase in
            try await TestDatabase.with(TestService<SandboxService>.template) { sandboxDatabase in
                let world = try await PaymentWorld(paymentDatabase, sandboxDatabase, limits, settings)
                try await world.run(body)
                await world.payments.context.http.close()
                await world.sandbox.context.http.close()
            }
        }
    }

    private init(
        _ paymentDatabase: TestDatabase, _ sandboxDatabase: TestDatabase, _ limits: PaymentLimits,
        _ settings: [String: String]
    ) async throws {
        clock = TestClock()
        directory = ServiceDirectory()
        neighbours = AskedNeighbours()
        payments = try await TestService(
            on: paymentDatabase.database, settings: settings, clock: clock, directory: directory
        ) { PaymentService(.init($0, try PaymentConfig($0.settings), limits: limits)) }
        sandbox = try await TestService(on: sandboxDatabase.database, clock: clock, directory: directory)
    }

    private func run(_ body: @escaping @Sendable (PaymentWorld) async throws -> Void) async throws {
        guard let door = sandbox.service.door else { throw NoDoor() }
        let sandboxServer = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: door)
        directory[.sandbox] = ServiceDirectory.url(host: "127.0.0.1", port: try await sandboxServer.start())
        let gateway = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: webhookDoor)
        directory[.gateway] = ServiceDirectory.url(host: "127.0.0.1", port: try await gateway.start())
        try await Neighbours.with(
            [.course, .enrollment, .content, .user], in: directory, clock: clock, neighbours.addRoutes
        ) {
            try await payments.working { try await sandbox.working { try await body(self) } }
        }
        await gateway.drain(within: .zero)
        await sandboxServer.drain(within: .zero)
    }

    private struct NoDoor: Error {}

    /// As much of the gateway as webhooks come through.
    private var webhookDoor: Router {
        var router = Router()
        router.add(.post, "/webhooks/stripe") { [payments] request in
            guard let body = try? await request.body.collect(bytesMax: 1_000_000) else {
                return HTTPResponse(.badRequest)
            }
            var fields = request.fields
            fields[IdentitySeal.fieldName] = payments.context.seal.header(
                for: .anonymous, method: "POST", target: "/webhooks/stripe", body: body)
            return await payments.router.respond(
                to: HTTPRequest(.post, "/webhooks/stripe", fields: fields, body: .bytes(body)))
        }
        return router
    }

    // MARK: What a learner does

    func order(
        _ paymentMethod: String? = "pm_card_visa", key: String? = nil, as identity: Identity = learner,
        expectedPrice: String? = nil
    ) async throws -> TestAnswer {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        let method = paymentMethod.map { ",\"paymentMethod\":\"\($0)\"" } ?? ""
        let price = expectedPrice.map { ",\"expectedPrice\":\"\($0)\"" } ?? ""
        return try await payments.send(
            .post, "/enrollments", as: identity, json: "{\"courseId\":\"\(Self.course)\"\(method)\(price)}",
            fields: fields)
    }

    func payment(_ id: String?, as identity: Identity = learner) async throws -> TestAnswer {
        try await payments.send(.get, "/payments/\(id ?? "")", as: identity)
    }

    func steps(_ id: String?) async throws -> [String] {
        let steps = try await payment(id).object["steps"] as? [[String: Any]]
        return steps?.compactMap { $0["name"] as? String } ?? []
    }

    func subscribe(
        _ method: String = "pm_card_visa", interval: String = "MONTH", key: String? = nil,
        as identity: Identity = learner
    ) async throws -> TestAnswer {
        var fields = HTTPFields()
        fields["idempotency-key"] = key
        return try await payments.send(
            .post, "/subscriptions", as: identity,
            json: "{\"plan\":\"PRO\",\"interval\":\"\(interval)\",\"paymentMethod\":\"\(method)\"}", fields: fields)
    }

    /// A payment that is paid and has no enrolment.
    func paid() async throws -> (PaymentID, EnrollmentID) {
        let id = try #require(try await order()["paymentId"])
        let enrollment = try #require(neighbours.state.withLock { $0.reserved.removeValue(forKey: id) })
        try await settled()
        return (PaymentID(checked: id), EnrollmentID(checked: enrollment))
    }

    func refund(_ id: PaymentID) async throws -> TestAnswer {
        try await payments.send(.post, "/payments/\(id)/refund", as: Self.administrator)
    }

    // MARK: What the sandbox knows

    /// Collects money for a payment in another intent, as a charge does whose idempotency key Stripe has forgotten.
    func chargeAgain(_ id: String, _ card: String = "pm_card_visa") async throws -> Intent {
        let form = "amount=4999&currency=usd&confirm=true&payment_method=\(card)&metadata[paymentId]=\(id)"
        return try await sandbox.database.transaction { [sandboxOperations] tx in
            try await sandboxOperations.makeIntent(Form(Array(form.utf8)), on: tx)
        }
    }

    /// Changes an object without an event.
    func change(_ kind: String, to body: String) async throws {
        try await sandbox.database.execute("update object set body = body || \(body)::jsonb where kind = \(kind)")
    }

    func behave(_ change: (inout Behaviour) -> Void) {
        sandboxOperations.behaviour.withLock { change(&$0) }
    }

    func intents() async throws -> [Intent] { try await sandboxOperations.intents() }

    var sandboxOperations: Sandbox.Operations { sandbox.service.operations }

    /// Until nothing is left to do on either side.
    func settled() async throws {
        try await eventually(within: .seconds(60), "no task is left") {
            let open: SQL = "select count(*) from task where state in ('waiting', 'running')"
            let (ours, theirs) = (try await payments.count(open), try await sandbox.count(open))
            return ours + theirs == 0
        }
    }
}

/// Course, enrollment, content and user, as far as payment asks them.
final class AskedNeighbours: Sendable {
    struct State {
        var price = "49.99"
        var currency = "USD"
        var status = "PUBLISHED"
        var isEnrolled = false
        var isAway = false
        var isErased = false
        /// Whether enrollment's answer to a reservation has an unknown form.
        var isUnreadable = false
        var reserved: [String: String] = [:]
        var released: [String] = []
        var enrolled: [String: String] = [:]
        var sources: [String] = []
        var refunded: [String] = []
        var revoked: [String] = []
        /// Whose plan has ended, and since when.
        var plansEnded: [String] = []
    }
    let state = Mutex(State())

    struct CourseView: Encodable {
        let id, instructorId, title, status, price, currency: String
    }
    struct ReservationBody: RequestBody {
        let user, course, payment: String
        init(_ fields: inout BodyFields) {
            user = fields.string("userId", length: 1...99)
            course = fields.string("courseId", length: 1...99)
            payment = fields.string("paymentId", length: 1...99)
        }
    }
    struct EnrollmentBody: RequestBody {
        let user, course, source: String
        init(_ fields: inout BodyFields) {
            user = fields.string("userId", length: 1...99)
            course = fields.string("courseId", length: 1...99)
            source = fields.string("source", length: 1...99)
        }
    }
    struct AccessBody: RequestBody {
        init(_ fields: inout BodyFields) {
            for name in ["state", "userId", "courseId"] { _ = fields.string(name, length: 1...99) }
        }
    }

    struct PlanBody: RequestBody {
        let plan, since: String
        init(_ fields: inout BodyFields) {
            plan = fields.string("plan", length: 1...99)
            since = fields.string("since", length: 1...99)
        }
    }

    private static let alreadyEnrolled = Problem(.conflict, "already-enrolled")

    @Sendable func addRoutes(to routes: inout Routes) {
        routes.get("/internal/courses/{id}", .service(.payment)) { [self] _ in
            try .ok(
                state.withLock { state in
                    CourseView(
                        id: PaymentWorld.course.rawValue, instructorId: "usr_9", title: "Swift", status: state.status,
                        price: state.price, currency: state.currency)
                })
        }
        routes.post("/internal/enrollments/reservations", .service(.payment)) { [self] request in
            let body = try await request.body(as: ReservationBody.self)
            return try state.withLock { state in
                if state.isAway { throw Problem.unavailable }
                if state.isErased { throw Problem.notFound }
                if state.isUnreadable { return try .ok(["id": ""]) }
                if let known = state.reserved[body.payment] { return try .ok(["enrollmentId": known]) }
                if state.isEnrolled || !state.reserved.isEmpty { throw Self.alreadyEnrolled }
                let id = EnrollmentID.make(at: Date(timeIntervalSince1970: 1)).rawValue
                state.reserved[body.payment] = id
                return try .ok(["enrollmentId": id])
            }
        }
        routes.delete("/internal/enrollments/reservations/{id}", .service(.payment)) { [self] request in
            let id = request.http.pathParameters["id"] ?? ""
            state.withLock { state in
                state.reserved[id] = nil
                state.released.append(id)
            }
            return .noContent
        }
        routes.post("/internal/enrollments", .service(.payment)) { [self] request in
            let body = try await request.body(as: EnrollmentBody.self)
            let key = request.http.fields["idempotency-key"] ?? "none"
            return try state.withLock { state in
                if let known = state.enrolled[key] { return try .ok(["enrollmentId": known]) }
                if state.isEnrolled { throw Self.alreadyEnrolled }
                let id = EnrollmentID.make(at: Date(timeIntervalSince1970: 1)).rawValue
                state.enrolled[key] = id
                state.sources.append(body.source)
                state.isEnrolled = true
                return try .ok(["enrollmentId": id])
            }
        }
        routes.put("/internal/enrollments/{id}/refunded", .service(.payment)) { [self] request in
            state.withLock { $0.refunded.append(request.http.pathParameters["id"] ?? "") }
            return .noContent
        }
        routes.put("/internal/users/{id}/plan", .service(.payment)) { [self] request in
            let body = try await request.body(as: PlanBody.self)
            return try state.withLock { state in
                if state.isAway { throw Problem.unavailable }
                state.plansEnded.append("\(request.http.pathParameters["id"] ?? "") \(body.plan) \(body.since)")
                return .noContent
            }
        }
        routes.put("/internal/access/{id}", .service(.payment)) { [self] request in
            _ = try await request.body(as: AccessBody.self)
            state.withLock { $0.revoked.append(request.http.pathParameters["id"] ?? "") }
            return .noContent
        }
    }
}
