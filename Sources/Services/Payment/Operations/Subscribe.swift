internal import Avro
internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres
internal import Stripe

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The task of starting a subscription and charging its first period.
struct BeginSubscription: TaskPayload {
    static let kind = "begin-subscription"
    let subscriptionID: String
}

/// The task of handling a Stripe webhook for a subscription, or the end of its period.
struct LookUpSubscription: TaskPayload {
    static let kind = "look-up-subscription"
    let stripeID: String
    /// From the metadata at Stripe.
    var subscriptionID: String?
}

/// The task of cancelling a subscription at once.
struct EndSubscription: TaskPayload {
    static let kind = "end-subscription"
    let subscriptionID: String
}

/// The task of telling the user service that a plan has ended.
struct TellPlanEnd: TaskPayload {
    static let kind = "tell-plan-end"
    let subscriptionID: String
    let endedAt: Date
}

extension Operations {
    func subscribe(
        _ plan: Plan, _ interval: BillingInterval, paymentMethod: String, by user: UserID, _ once: Once
    ) async throws -> Subscription {
        guard let offer = offers.first(where: { $0.plan == plan && $0.interval == interval }) else {
            throw PaymentError.notChargeable
        }
        let begun = try await begin(offer, paymentMethod, by: user, once)
        _ = try await tasks.isEnded(BeginSubscription.self, key: begun.id.rawValue, within: limits.answerMax)
        guard let (subscription, _) = try await store.findSubscription(begun.id, on: database) else {
            throw PaymentError.notFound
        }
        if subscription.status == .failed {
            let payment = try await store.find(paying: begun.id, on: database)
            throw PaymentError.refused(payment?.failure ?? .declined("card_declined", ""))
        }
        return subscription
    }

    private func begin(
        _ offer: PlanOffer, _ paymentMethod: String, by user: UserID, _ once: Once
    ) async throws -> Subscription {
        do {
            return try await database.transaction { tx in
                try await once.run(on: tx) {
                    if try await store.people.lock(user, on: tx).isErased() { throw PaymentError.notFound }
                    let time = now()
                    let payment = Payment(
                        id: PaymentID.make(at: time), userID: user, courseID: nil, plan: offer.plan.rawValue,
                        amount: offer.price, status: .initiated, createdAt: time)
                    let subscription = Subscription(
                        id: SubscriptionID.make(at: time), userID: user, offer: offer, createdAt: time,
                        status: .initiated)
                    store.insert(payment, paymentMethod: paymentMethod, on: tx)
                    store.insertStep("initiated", of: payment.id, at: time, on: tx)
                    try await store.insert(subscription, payment: payment.id, paymentMethod: paymentMethod, on: tx)
                    try outbox.append(PaymentInitiated(payment), on: tx)
                    let id = subscription.id.rawValue
                    try tasks.enqueue(BeginSubscription(subscriptionID: id), key: id, on: tx)
                    return subscription
                } again: { id in
                    guard let subscription = try await store.findSubscription(id, on: tx) else {
                        throw PaymentError.notFound
                    }
                    return subscription
                }
            }
        } catch let error as PostgresError where error.constraint == "subscription_of_a_person" {
            throw PaymentError.alreadySubscribed
        }
    }

    func subscription(of user: UserID) async throws -> Subscription {
        guard let subscription = try await store.findSubscription(of: user, on: database) else {
            throw PaymentError.notFound
        }
        return subscription
    }

    func endSubscription(of user: UserID) async throws {
        let subscription = try await subscription(of: user)
        guard subscription.status == .active || subscription.status == .initiated else { throw PaymentError.notFound }
        try await database.transaction { tx in
            try enqueueEnd(of: subscription, on: tx)
        }
    }

    /// Begins to end a plan, or tries it again if it has failed. An erasure counts once the tasks that it caused are done, so it has a task
    /// of its own, even if the plan is being ended already.
    func enqueueEnd(of subscription: Subscription, forErasure: Bool = false, on tx: Transaction) throws {
        let id = subscription.id.rawValue
        let key = forErasure ? "\(id).erased" : id
        try tasks.enqueue(EndSubscription(subscriptionID: id), key: key, on: tx)
        Tasks.restart(EndSubscription.self, keys: [key], dueAt: now(), on: tx)
    }

    // MARK: Tasks

    func begin(_ task: BeginSubscription, _ run: TaskRun) async throws {
        let id = SubscriptionID(checked: task.subscriptionID)
        guard let (known, paymentMethod) = try await store.findSubscription(id, on: database), let paymentMethod,
            known.status == .initiated
        else { return }
        guard mayCharge(begunAt: known.createdAt), try await !isErased(known.userID) else {
            return try await database.transaction { tx in
                try await giveUp(task, on: tx)
                try await run.finish(on: tx)
            }
        }
        let begun: Begun
        do {
            begun = try await begin(known, paymentMethod)
        } catch let error as StripeError {
            guard case .failed(let failure, _) = try outcome(of: error, run) else { return }
            begun = .refused(failure)
        }
        try await database.transaction { tx in
            try await note(begun, of: id, on: tx)
            try await run.finish(on: tx)
        }
    }

    /// The plan fails. If Stripe has begun it all the same, the webhook ends it and causes a refund.
    func giveUp(_ task: BeginSubscription, on tx: Transaction) async throws {
        try await note(.refused(.abandoned), of: SubscriptionID(checked: task.subscriptionID), on: tx)
    }

    private func begin(_ subscription: Subscription, _ paymentMethod: String) async throws -> Begun {
        let stripe = try stripeAccess.client()
        let plan = try StripePlan(subscription.offer)
        let metadata = [StripeMetadata.subscription: subscription.id.rawValue]
        try await stripe.ensure(plan)
        let customer = try await stripe.customer(
            paying: paymentMethod, metadata: metadata, key: "\(subscription.id).customer")
        let made = try await stripe.subscribe(customer, to: plan, metadata: metadata, key: subscription.id.rawValue)
        if made.status == "active" { return .active(made) }
        guard let intent = made.paymentIntent else { return .unpaid(made, .declined("card_declined", "")) }
        return .unpaid(made, PaymentFailure(unpaid: try await stripe.paymentIntent(intent)))
    }

    private func note(_ begun: Begun, of id: SubscriptionID, on tx: Transaction) async throws {
        guard case (var subscription, let payment)? = try await store.lockSubscription(id, on: tx),
            subscription.status == .initiated
        else { return }
        switch begun {
        case .active(let stripe):
            subscription.status = .active
            subscription.stripeID = stripe.id
            subscription.currentPeriodEnd = stripe.currentPeriodEnd
            try outbox.append(SubscriptionCreated(subscription, until: stripe.currentPeriodEnd, at: now()), on: tx)
            try await settle(payment, .paid(stripeID: stripe.paymentIntent ?? stripe.id), on: tx)
            if try await store.people.lock(subscription.userID, on: tx).isErased() { try giveBack(payment, on: tx) }
        case .unpaid(let stripe, let failure):
            subscription.status = .failed
            subscription.stripeID = stripe.id
            try enqueueEnd(of: subscription, on: tx)
            try await settle(payment, .failed(failure, stripeID: stripe.paymentIntent ?? stripe.id), on: tx)
        case .refused(let failure):
            subscription.status = .failed
            try await settle(payment, .failed(failure, stripeID: nil), on: tx)
        }
        store.update(subscription, on: tx)
    }

    func lookUp(_ task: LookUpSubscription, _ run: TaskRun) async throws {
        guard let known = try await subscription(of: task) else { return }
        if known.stripeID != task.stripeID { return try await match(task.stripeID, known, run) }
        if known.status != .active { return }
        let stripe = try await askingStripe { try await stripeAccess.client().subscription(task.stripeID) }
        try await database.transaction { tx in
            guard var (subscription, _) = try await store.lockSubscription(known.id, on: tx),
                subscription.status == .active
            else { return }
            switch stripe.status {
            case "active" where stripe.invoiceStatus == "paid": subscription.currentPeriodEnd = stripe.currentPeriodEnd
            // Stripe begins the next period before it charges: at first its invoice is a draft, for an hour.
            case "active" where stripe.invoiceStatus == "draft":
                let end = now().addingTimeInterval(limits.draftMax / .seconds(1))
                subscription.currentPeriodEnd = subscription.currentPeriodEnd.map { max($0, end) }
            case "past_due": subscription.currentPeriodEnd = subscription.currentPeriodEnd.map { min($0, now()) }
            case "canceled", "unpaid", "incomplete_expired": try markEnded(&subscription, on: tx)
            default: break
            }
            store.update(subscription, on: tx)
            try await run.finish(on: tx)
        }
    }

    private func subscription(of task: LookUpSubscription) async throws -> Subscription? {
        if let id = task.subscriptionID.flatMap({ SubscriptionID(rawValue: $0) }),
            let (subscription, _) = try await store.findSubscription(id, on: database)
        {
            return subscription
        }
        return try await store.findSubscription(stripeID: task.stripeID, on: database)
    }

    /// Handles a subscription at Stripe that is not stored, because the response was lost: begins the plan that waits for it, otherwise ends
    /// the subscription and looks up its charge, to refund it.
    private func match(_ stripeID: String, _ known: Subscription, _ run: TaskRun) async throws {
        let stripe = try await askingStripe { try await stripeAccess.client().subscription(stripeID) }
        if known.status == .initiated {
            // The response decides on a subscription that is not paid.
            guard stripe.status == "active" else { return }
        } else if !["canceled", "incomplete_expired"].contains(stripe.status) {
            try await endAtStripe(stripeID)
        }
        try await database.transaction { tx in
            guard let (subscription, payment) = try await store.lockSubscription(known.id, on: tx) else { return }
            guard subscription.status == known.status else { throw Failure.transient("the subscription has changed") }
            if known.status == .initiated {
                try await note(.active(stripe), of: known.id, on: tx)
            } else if let intent = stripe.paymentIntent {
                try tasks.enqueue(LookUp(paymentID: payment.rawValue, stripeID: intent), key: intent, on: tx)
            }
            try await run.finish(on: tx)
        }
    }

    func end(_ task: EndSubscription, _ run: TaskRun) async throws {
        let id = SubscriptionID(checked: task.subscriptionID)
        guard let (known, _) = try await store.findSubscription(id, on: database) else { return }
        // The Stripe subscription is only known after the task that starts it has ended, which takes a limited time.
        if known.status == .initiated {
            return try await database.transaction { tx in try await run.again(at: now() + 5, on: tx) }
        }
        if let stripeID = known.stripeID { try await endAtStripe(stripeID) }
        try await database.transaction { tx in
            guard var (subscription, _) = try await store.lockSubscription(id, on: tx) else { return }
            try markEnded(&subscription, on: tx)
            store.update(subscription, on: tx)
            try await run.finish(on: tx)
        }
    }

    private func endAtStripe(_ stripeID: String) async throws {
        do {
            try await stripeAccess.client().endSubscription(stripeID)
        } catch StripeError.refused(let code, _, _) where code == "resource_missing" {
            // It has already ended.
        } catch let error as StripeError {
            throw StripeFailure(error)
        }
    }

    /// Nothing covers the person from this commit on.
    private func markEnded(_ subscription: inout Subscription, on tx: Transaction) throws {
        let id = subscription.id.rawValue
        if subscription.status == .active {
            try tasks.enqueue(TellPlanEnd(subscriptionID: id, endedAt: now()), key: id, on: tx)
        }
        if subscription.status == .active || subscription.status == .initiated { subscription.status = .ended }
    }

    /// A plan started since then is kept: the user service compares the times.
    func tellPlanEnd(_ task: TellPlanEnd) async throws {
        let id = SubscriptionID(checked: task.subscriptionID)
        guard let (subscription, _) = try await store.findSubscription(id, on: database) else { return }
        try await services.put(
            .user, "/internal/users/\(subscription.userID)/plan",
            ["plan": "FREE", "since": task.endedAt.iso8601Milliseconds])
    }

    /// Checks plans whose period has ended: Stripe has renewed them or not.
    func lookAfterSubscriptions() async throws {
        let time = now()
        try await database.transaction { tx in
            for subscription in try await store.updateOverdue(
                Sweep(time: time, again: limits.sweptAgainAfter, countMax: limits.sweptCountMax), on: tx)
            {
                guard let stripeID = subscription.stripeID else { continue }
                // A separate task for each check: Stripe may still be retrying the charge.
                let key = "\(subscription.id).\(Int(time.timeIntervalSince1970))"
                try tasks.enqueue(LookUpSubscription(stripeID: stripeID), key: key, on: tx)
            }
        }
    }
}

/// What became of the attempt to begin a plan.
private enum Begun: Sendable {
    case active(StripeSubscription)
    /// Stripe has a subscription whose first invoice is not paid.
    case unpaid(StripeSubscription, PaymentFailure)
    case refused(PaymentFailure)
}

extension SubscriptionCreated {
    init(_ subscription: Subscription, until end: Date, at time: Date) {
        self.init(
            subscriptionID: subscription.id, userID: subscription.userID, plan: subscription.offer.plan.rawValue,
            amount: subscription.offer.price, interval: subscription.offer.interval, currentPeriodEnd: end,
            createdAt: time)
    }
}
