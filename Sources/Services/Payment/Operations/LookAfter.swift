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

/// The task of refunding a payment.
struct GiveBack: TaskPayload {
    static let kind = "give-back"
    let paymentID: String
    /// Of a sweep: an enrolment that arrives before the refund keeps the money.
    var unlessEnrolled: Bool?
}

/// The task of refunding an intent that pays for nothing, because its payment has another intent or has failed.
struct ReturnSurplus: TaskPayload {
    static let kind = "return-surplus"
    let paymentID: String
    let stripeID: String
}

/// The task of telling the enrollment and content services about a refund.
struct TellRefund: TaskPayload {
    static let kind = "tell-refund"
    let paymentID: String
}

/// The task of abandoning an unconfirmed payment.
struct Abandon: TaskPayload {
    static let kind = "abandon"
    let paymentID: String
}

/// Periodic sweeps over payments that make no progress.
extension Operations {
    private static let refundFailed = "refund-failed"

    /// For paid payments without enrolment: sends the event again, later refunds. Abandons open payments after their time limit.
    func lookAfterPayments() async throws {
        try await resend()
        let time = now()
        try await database.transaction { tx in
            for payment in try await store.updateNotEnrolled(
                since: time - limits.refundedAfter / .seconds(1),
                resentBefore: time - limits.refundedAfterResent / .seconds(1),
                Sweep(time: time, again: limits.refundedAgainAfter, countMax: limits.sweptCountMax), on: tx)
            {
                try giveBack(payment.id, unlessEnrolled: true, on: tx)
            }
            for payment in try await store.updateOpen(
                since: time - limits.openMax / .seconds(1),
                Sweep(time: time, again: limits.sweptAgainAfter, countMax: limits.sweptCountMax), on: tx)
            {
                // A separate task for each attempt: Stripe cannot cancel an intent that is being processed.
                let key = "\(payment.id).\(Int(time.timeIntervalSince1970))"
                try tasks.enqueue(Abandon(paymentID: payment.id.rawValue), key: key, on: tx)
            }
        }
    }

    private func resend() async throws {
        let since = now() - limits.enrolledAfterMax / .seconds(1)
        for payment in try await store.listNotResent(since: since, countMax: limits.sweptCountMax, on: database) {
            guard let stripeID = payment.stripeID, let completedAt = payment.completedAt else { continue }
            try await database.transaction { tx in
                guard try await store.updateResent(payment.id, at: now(), on: tx) else { return }
                store.insertStep("sent-again", of: payment.id, at: now(), on: tx)
                try outbox.append(PaymentCompleted(payment, stripeID, at: completedAt), on: tx)
            }
        }
    }

    /// - Throws: ``PaymentError/notFound``, ``PaymentError/wrongState(_:)``, ``PaymentError/notRefundable``.
    func refund(_ id: PaymentID) async throws -> Payment {
        guard let payment = try await store.find(id, on: database) else { throw PaymentError.notFound }
        guard payment.status == .completed || payment.status == .refunded else {
            throw PaymentError.wrongState(payment.status)
        }
        if payment.intent == nil { throw PaymentError.notRefundable }
        try await database.transaction { tx in try giveBack(id, on: tx) }
        return payment
    }

    /// Begins a refund, or tries one again that has failed. A sweep's refund has a key of its own: it may end without a refund, and an
    /// administrator's must not find its key in use.
    func giveBack(_ id: PaymentID, unlessEnrolled: Bool = false, on tx: Transaction) throws {
        let key = unlessEnrolled ? "\(id).not-enrolled" : id.rawValue
        try tasks.enqueue(
            GiveBack(paymentID: id.rawValue, unlessEnrolled: unlessEnrolled ? true : nil), key: key, on: tx)
        Tasks.restart(GiveBack.self, keys: [key], dueAt: now(), on: tx)
    }

    func giveBack(_ task: GiveBack, _ run: TaskRun) async throws {
        let id = PaymentID(checked: task.paymentID)
        // The lock waits for an enrolment that is being stored.
        let found = try await database.transaction { tx in try await store.lock(id, on: tx) }
        guard let payment = found, payment.status == .completed, let intent = payment.intent else { return }
        if task.unlessEnrolled == true, payment.enrolledAt != nil { return }
        // Stripe answers a key that it has refused with the same error for 24 hours.
        let failedCount = try await store.listSteps(of: id, on: database).count { $0.name == Self.refundFailed }
        try await refund(intent, key: failedCount == 0 ? "\(id).refund" : "\(id).refund.\(failedCount)")
        try await database.transaction { tx in
            guard var payment = try await store.lock(id, on: tx), payment.status == .completed else { return }
            payment.status = .refunded
            store.insertStep("refunded", of: id, at: now(), on: tx)
            if payment.courseID != nil, payment.enrolledAt == nil {
                payment.failure = .notEnrolled
                try outbox.append(PaymentFailed(payment, .notEnrolled, at: now()), on: tx)
            }
            store.update(payment, on: tx)
            if payment.courseID != nil {
                try tasks.enqueue(TellRefund(paymentID: id.rawValue), key: id.rawValue, on: tx)
            } else if let plan = try await store.findSubscription(paidBy: id, on: tx) {
                try enqueueEnd(of: plan, on: tx)
            }
            try await run.finish(on: tx)
        }
    }

    func giveUp(_ task: GiveBack, on tx: Transaction) {
        store.insertStep(Self.refundFailed, of: PaymentID(checked: task.paymentID), at: now(), on: tx)
    }

    func returnSurplus(_ task: ReturnSurplus, _ run: TaskRun) async throws {
        try await refund(task.stripeID, key: "\(task.stripeID).refund")
        try await database.transaction { tx in
            store.insertStep("surplus-refunded", of: PaymentID(checked: task.paymentID), at: now(), on: tx)
            try await run.finish(on: tx)
        }
    }

    /// The next attempt is made when Stripe has forgotten the key.
    func giveUp(_ task: ReturnSurplus, on tx: Transaction) throws {
        let time = now()
        store.insertStep(Self.refundFailed, of: PaymentID(checked: task.paymentID), at: time, on: tx)
        try tasks.enqueue(
            task, key: "\(task.stripeID).\(Int(time.timeIntervalSince1970 / 86_400))",
            dueAt: time + limits.refundedAgainAfter / .seconds(1), on: tx)
    }

    private func refund(_ intent: String, key: String) async throws {
        do {
            _ = try await stripeAccess.client().refund(intent, key: key)
        } catch StripeError.refused(let code, _, _) where code == "charge_already_refunded" {
            // Refunded manually at Stripe, or by an attempt whose response was lost.
        } catch let error as StripeError {
            throw StripeFailure(error)
        }
    }

    func tellRefund(_ task: TellRefund) async throws {
        guard let payment = try await store.find(PaymentID(checked: task.paymentID), on: database),
            let enrollment = payment.enrollmentID, let course = payment.courseID
        else { return }
        do {
            try await services.put(.enrollment, "/internal/enrollments/\(enrollment)/refunded", [String: String]())
        } catch let error as ServiceCallError where error.refusalCode == "not-found" {
            // The reservation was released; if the enrolment arrives later, this is sent again.
        }
        try await services.put(
            .content, "/internal/access/\(enrollment)",
            ["state": "REVOKED", "userId": payment.userID.rawValue, "courseId": course.rawValue])
    }

    func abandon(_ task: Abandon, _ run: TaskRun) async throws {
        let id = PaymentID(checked: task.paymentID)
        guard let payment = try await store.find(id, on: database), payment.isOpen else { return }
        guard let stripeID = payment.stripeID else { return try await giveUp(payment, run) }
        let outcome = try await outcome(of: stripeID) { try await $0.cancel(stripeID, key: "\(run.key).cancel") }
        try await database.transaction { tx in
            try await settle(id, outcome, on: tx)
            try await run.finish(on: tx)
        }
    }

    /// Without an intent, the task that charges decides, unless it can no longer charge.
    private func giveUp(_ payment: Payment, _ run: TaskRun) async throws {
        if mayCharge(begunAt: payment.createdAt) { return }
        try await database.transaction { tx in
            if payment.courseID != nil {
                try await giveUp(Checkout(paymentID: payment.id.rawValue), on: tx)
            } else if let plan = try await store.findSubscription(paidBy: payment.id, on: tx) {
                try await giveUp(BeginSubscription(subscriptionID: plan.id.rawValue), on: tx)
            }
            try await run.finish(on: tx)
        }
    }
}
