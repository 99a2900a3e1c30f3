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

/// The task of releasing a reservation.
struct ReleaseSeat: TaskPayload {
    static let kind = "release-seat"
    let paymentID: String
}

/// The task of handling a Stripe webhook for a payment: fetches the current state from Stripe.
struct LookUp: TaskPayload {
    static let kind = "look-up"
    let paymentID: String
    let stripeID: String
}

extension Operations {
    /// Sets the outcome of an open payment; a payment with an outcome keeps it, whatever arrives later and in any order. Money that arrives
    /// later is refunded.
    func settle(_ id: PaymentID, _ outcome: ChargeOutcome, on tx: Transaction) async throws {
        guard var payment = try await store.lock(id, on: tx) else { return }
        guard payment.isOpen else {
            guard case .paid(let intent) = outcome, payment.isSurplus(intent) else { return }
            return try tasks.enqueue(ReturnSurplus(paymentID: id.rawValue, stripeID: intent), key: intent, on: tx)
        }
        let time = now()
        switch outcome {
        case .open(let stripeID):
            if payment.stripeID == stripeID { return }
            payment.stripeID = stripeID
            store.insertStep("charging", of: id, at: time, on: tx)
        case .asksCustomer(let stripeID):
            if payment.status == .requiresAction { return }
            payment.status = .requiresAction
            payment.stripeID = stripeID
            store.insertStep("requires-action", of: id, at: time, on: tx)
        case .paid(let stripeID):
            payment.status = .completed
            payment.stripeID = stripeID
            payment.completedAt = time
            store.insertStep("completed", of: id, at: time, on: tx)
            try outbox.append(PaymentCompleted(payment, stripeID, at: time), on: tx)
        case .failed(let failure, let stripeID):
            payment.status = .failed
            payment.stripeID = stripeID ?? payment.stripeID
            payment.failure = failure
            store.insertStep("failed: \(failure.code)", of: id, at: time, on: tx)
            // The person already has the course and paid nothing: the response told them.
            if failure != .alreadyEnrolled { try outbox.append(PaymentFailed(payment, failure, at: time), on: tx) }
            if payment.courseID != nil {
                try tasks.enqueue(ReleaseSeat(paymentID: id.rawValue), key: id.rawValue, on: tx)
            }
        }
        store.update(payment, on: tx)
    }

    func release(_ task: ReleaseSeat) async throws {
        try await services.delete(.enrollment, "/internal/enrollments/reservations/\(task.paymentID)")
    }

    // MARK: Webhooks

    /// Stores a webhook event, once. A task handles it later.
    /// - Throws: ``PaymentError/badSignature``, ``PaymentError/badEvent``.
    func receive(_ body: [UInt8], signature: String?) async throws {
        guard let verifier = stripeAccess.signature, verifier.isValid(signature, for: body, at: now()) else {
            throw PaymentError.badSignature
        }
        guard let event = StripeEvent(json: body) else { throw PaymentError.badEvent }
        try await database.transaction { tx in
            let isNew = try await store.insertWebhook(
                event.id, event.type, createdAt: event.createdAt, at: now(), on: tx)
            guard isNew else { return }
            if event.type.hasPrefix("payment_intent.") {
                let id = event.metadata[StripeMetadata.payment] ?? ""
                try tasks.enqueue(LookUp(paymentID: id, stripeID: event.objectID), key: event.id, on: tx)
            } else if event.type.hasPrefix("customer.subscription.") {
                let id = event.metadata[StripeMetadata.subscription]
                try tasks.enqueue(
                    LookUpSubscription(stripeID: event.objectID, subscriptionID: id), key: event.id, on: tx)
            } else if event.type == "invoice.paid", let id = event.subscriptionID {
                try tasks.enqueue(LookUpSubscription(stripeID: id), key: event.id, on: tx)
            }
        }
    }

    func lookUp(_ task: LookUp, _ run: TaskRun) async throws {
        guard let payment = try await payment(of: task), payment.isOpen || payment.isSurplus(task.stripeID) else {
            return
        }
        let intent = try await askingStripe { try await stripeAccess.client().paymentIntent(task.stripeID) }
        try await database.transaction { tx in
            try await settle(payment.id, ChargeOutcome(intent), on: tx)
            try await run.finish(on: tx)
        }
    }

    private func payment(of task: LookUp) async throws -> Payment? {
        if let id = PaymentID(rawValue: task.paymentID), let payment = try await store.find(id, on: database) {
            return payment
        }
        return try await store.find(stripeID: task.stripeID, on: database)
    }

    // MARK: Bank authentication

    /// The secret with which the payer's browser completes the authentication. It is not stored; nil while Stripe does not answer.
    func clientSecret(of payment: Payment, for user: UserID) async -> String? {
        guard payment.status == .requiresAction, payment.userID == user, let stripeID = payment.stripeID else {
            return nil
        }
        return try? await stripeAccess.client(timeout: limits.clientSecretMax).paymentIntent(stripeID).clientSecret
    }

    /// Continues after the customer has authenticated; with the sandbox, this call simulates the authentication.
    func confirm(_ id: PaymentID, by user: UserID) async throws -> Payment {
        guard let payment = try await store.find(id, on: database), payment.userID == user else {
            throw PaymentError.notFound
        }
        guard payment.status == .requiresAction, let stripeID = payment.stripeID else {
            if payment.status == .completed { return payment }
            throw PaymentError.wrongState(payment.status)
        }
        let outcome = try await confirmed(stripeID, of: id)
        try await database.transaction { tx in try await settle(id, outcome, on: tx) }
        guard let settled = try await store.find(id, on: database) else { throw PaymentError.notFound }
        if settled.status == .failed, let failure = settled.failure { throw PaymentError.refused(failure) }
        return settled
    }

    /// The payer's browser authenticates without the hub, so Stripe is asked for the result before anything else.
    private func confirmed(_ stripeID: String, of id: PaymentID) async throws -> ChargeOutcome {
        let intent = try await askingStripe { try await stripeAccess.client().paymentIntent(stripeID) }
        guard intent.awaitsConfirmation(inSandbox: stripeAccess.isSandbox) else { return ChargeOutcome(intent) }
        return try await outcome(of: stripeID) { try await $0.confirm(stripeID, key: "\(id).confirm") }
    }

    /// The outcome of a call that changes an intent. Stripe refuses the call if the intent has an outcome already, whose webhook was lost or
    /// is on its way.
    func outcome(
        of stripeID: String, _ change: (StripeClient) async throws -> StripePaymentIntent
    ) async throws -> ChargeOutcome {
        do {
            return ChargeOutcome(try await change(stripeAccess.client()))
        } catch StripeError.refused {
            return ChargeOutcome(try await askingStripe { try await stripeAccess.client().paymentIntent(stripeID) })
        } catch let error as StripeError {
            return try ChargeOutcome(error)
        }
    }
}

extension PaymentInitiated {
    init(_ payment: Payment) {
        self.init(
            paymentID: payment.id, userID: payment.userID, courseID: payment.courseID, plan: payment.plan,
            amount: payment.amount, initiatedAt: payment.createdAt)
    }
}

extension PaymentCompleted {
    init(_ payment: Payment, _ stripeID: String, at time: Date) {
        self.init(
            paymentID: payment.id, userID: payment.userID, courseID: payment.courseID, amount: payment.amount,
            stripePaymentID: stripeID, completedAt: time)
    }
}

extension PaymentFailed {
    init(_ payment: Payment, _ failure: PaymentFailure, at time: Date) {
        self.init(
            paymentID: payment.id, userID: payment.userID, courseID: payment.courseID, amount: payment.amount,
            code: failure.code, message: failure.message, retryable: failure.isRetryable, failedAt: time)
    }
}
