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
    /// For paid payments without enrolment: sends the event again, later refunds. Abandons open payments after their time limit.
    func lookAfterPayments() async throws {
        try await resend()
        let refundedSince = now() - limits.refundedAfter / .seconds(1)
        for payment in try await store.listNotEnrolled(
            since: refundedSince, isResent: true, countMax: limits.sweptCountMax, on: database)
        {
            try await giveBack(payment.id)
        }
        let openSince = now() - limits.openMax / .seconds(1)
        for payment in try await store.listOpen(since: openSince, countMax: limits.sweptCountMax, on: database) {
            try await database.transaction { tx in
                try tasks.enqueue(Abandon(paymentID: payment.id.rawValue), key: payment.id.rawValue, on: tx)
            }
        }
    }

    private func resend() async throws {
        let since = now() - limits.enrolledAfterMax / .seconds(1)
        let payments = try await store.listNotEnrolled(
            since: since, isResent: false, countMax: limits.sweptCountMax, on: database)
        for payment in payments {
            guard let stripeID = payment.stripeID, let completedAt = payment.completedAt else { continue }
            try await database.transaction { tx in
                guard try await store.updateResent(payment.id, at: now(), on: tx) else { return }
                store.insertStep("sent-again", of: payment.id, at: now(), on: tx)
                try outbox.append(PaymentCompleted(payment, stripeID, at: completedAt), on: tx)
            }
        }
    }

    /// - Throws: ``PaymentError/notFound``, ``PaymentError/wrongState(_:)``.
    func refund(_ id: PaymentID) async throws -> Payment {
        guard let payment = try await store.find(id, on: database) else { throw PaymentError.notFound }
        guard payment.status == .completed || payment.status == .refunded else {
            throw PaymentError.wrongState(payment.status)
        }
        try await giveBack(id)
        return payment
    }

    private func giveBack(_ id: PaymentID) async throws {
        try await database.transaction { tx in
            try tasks.enqueue(GiveBack(paymentID: id.rawValue), key: id.rawValue, on: tx)
        }
    }

    func giveBack(_ task: GiveBack, _ run: TaskRun) async throws {
        let id = PaymentID(checked: task.paymentID)
        guard let payment = try await store.find(id, on: database), payment.status == .completed,
            let stripeID = payment.stripeID
        else { return }
        do {
            _ = try await stripeAccess.client().refund(stripeID, key: "\(id).refund")
        } catch StripeError.refused(let code, _) where code == "charge_already_refunded" {
            // Refunded manually at Stripe.
        } catch let error as StripeError {
            throw Failure(error)
        }
        try await database.transaction { tx in
            guard var payment = try await store.lock(id, on: tx), payment.status == .completed else { return }
            payment.status = .refunded
            store.insertStep("refunded", of: id, at: now(), on: tx)
            if payment.enrolledAt == nil {
                payment.failure = .notEnrolled
                try outbox.append(PaymentFailed(payment, .notEnrolled, at: now()), on: tx)
            }
            store.update(payment, on: tx)
            try tasks.enqueue(TellRefund(paymentID: id.rawValue), key: id.rawValue, on: tx)
            try await run.finish(on: tx)
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
        guard let payment = try await store.find(id, on: database), payment.isOpen, let stripeID = payment.stripeID
        else { return }
        let outcome: ChargeOutcome
        do {
            outcome = ChargeOutcome(try await stripeAccess.client().cancel(stripeID, key: "\(id).cancel"))
        } catch StripeError.refused {
            // It already has an outcome, whose webhook was lost.
            outcome = ChargeOutcome(try await askingStripe { try await stripeAccess.client().paymentIntent(stripeID) })
        } catch let error as StripeError {
            throw Failure(error)
        }
        try await database.transaction { tx in
            try await settle(id, outcome, on: tx)
            try await run.finish(on: tx)
        }
    }
}
