public import Contracts
public import Messaging
public import Platform
public import Postgres

/// Takes payments for courses and plans through Stripe or the sandbox.
public struct PaymentService: HubService {
    public static let name = ServiceName.payment
    public static let publishes: [any Event.Type] = [
        PaymentInitiated.self, PaymentCompleted.self, PaymentFailed.self, SubscriptionCreated.self,
    ]
    public static let settings = PaymentConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) throws {
        self.init(Operations(context, try PaymentConfig(context.settings)))
    }

    init(_ operations: Operations) { self.operations = operations }

    public func addRoutes(to routes: inout Routes) { PaymentRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var tasks: [TaskHandler] {
        let operations = operations
        return [
            TaskHandler(
                Checkout.self, policy: .atOnce, onGivenUp: { task, _, tx in try await operations.giveUp(task, on: tx) }
            ) { task, run in try await operations.persisting(run) { try await operations.checkOut(task, run) } },
            TaskHandler(LookUp.self) { task, run in
                try await operations.persisting(run) { try await operations.lookUp(task, run) }
            },
            TaskHandler(ReleaseSeat.self) { task, _ in try await operations.release(task) },
            TaskHandler(GiveBack.self, onGivenUp: { task, _, tx in operations.giveUp(task, on: tx) }) { task, run in
                try await operations.persisting(run) { try await operations.giveBack(task, run) }
            },
            TaskHandler(ReturnSurplus.self, onGivenUp: { task, _, tx in try operations.giveUp(task, on: tx) }) {
                task, run in
                try await operations.persisting(run) { try await operations.returnSurplus(task, run) }
            },
            TaskHandler(TellRefund.self) { task, _ in try await operations.tellRefund(task) },
            TaskHandler(Abandon.self) { try await operations.abandon($0, $1) },
            TaskHandler(
                BeginSubscription.self, policy: .atOnce,
                onGivenUp: { task, _, tx in try await operations.giveUp(task, on: tx) }
            ) { task, run in try await operations.persisting(run) { try await operations.begin(task, run) } },
            TaskHandler(LookUpSubscription.self) { task, run in
                try await operations.persisting(run) { try await operations.lookUp(task, run) }
            },
            TaskHandler(EndSubscription.self) { task, run in
                try await operations.persisting(run) { try await operations.end(task, run) }
            },
            TaskHandler(TellPlanEnd.self) { task, _ in try await operations.tellPlanEnd(task) },
        ]
    }

    public var jobs: [Job] {
        let operations = operations
        return [
            Job("look after payments", every: .seconds(15)) { try await operations.lookAfterPayments() },
            Job("look after subscriptions", every: .seconds(600)) { try await operations.lookAfterSubscriptions() },
            Job("forget old webhooks", every: .seconds(3_600)) { try await operations.tidyUp() },
        ]
    }
}

extension TaskPolicy {
    /// A request waits for the outcome.
    fileprivate static var atOnce: TaskPolicy {
        var policy = TaskPolicy()
        policy.concurrencyMax = 32
        policy.attemptsMax = 50
        policy.retry.delayBase = .milliseconds(200)
        policy.retry.delayMax = .seconds(30)
        return policy
    }
}
