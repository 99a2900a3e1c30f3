internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres
internal import Stripe

/// The task of completing a payment: reserve an enrolment, then charge the card.
struct Checkout: TaskPayload {
    static let kind = "checkout"
    let paymentID: String
}

/// A checkout request.
struct Order: Sendable {
    let courseID: CourseID
    let paymentMethod: String?
    /// The price shown to the person.
    let expectedPrice: Money?
}

/// The result of a checkout.
enum OrderAnswer: Sendable {
    case enrolled(EnrollmentID)
    case payment(Payment)
}

extension Operations {
    /// Enrols in a free or covered course, or starts a payment and waits a limited time for its outcome.
    /// - Parameter key: the caller's idempotency key, as passed to the enrollment service.
    func order(_ order: Order, by user: UserID, _ once: Once, key: String?) async throws -> OrderAnswer {
        if let made = try await once.made(in: database) { return try await again(made) }
        let course = try await course(order.courseID)
        guard let price = Money(course.price, course.currency) else { throw PaymentError.notChargeable }
        if let expected = order.expectedPrice, expected != price { throw PaymentError.priceChanged(now: price) }
        if price.hundredths == 0 { return try await enroll(user, in: order.courseID, "FREE", once, key) }
        if try await store.isCovered(user, at: now(), on: database) {
            return try await enroll(user, in: order.courseID, "SUBSCRIPTION", once, key)
        }
        guard let paymentMethod = order.paymentMethod else { throw PaymentError.paymentMethodRequired }
        _ = try StripeAmount(price)
        let payment = try await begin(order.courseID, price, paymentMethod, by: user, once)
        return .payment(try await outcome(of: payment.id))
    }

    private func again(_ made: String) async throws -> OrderAnswer {
        if let id = EnrollmentID(rawValue: made) { return .enrolled(id) }
        guard let id = PaymentID(rawValue: made) else { throw PaymentError.notFound }
        return .payment(try await outcome(of: id))
    }

    private func course(_ id: CourseID) async throws -> CourseForSale {
        do {
            let course = try await services.get(.course, "/internal/courses/\(id)", as: CourseForSale.self)
            if course.status == "PUBLISHED" { return course }
        } catch let error as ServiceCallError where error.refusalCode == "not-found" {}
        throw PaymentError.courseNotFound
    }

    /// Without a charge, the key is passed to the enrollment service, so that a retry finds the enrolment.
    private func enroll(
        _ user: UserID, in course: CourseID, _ source: String, _ once: Once, _ key: String?
    ) async throws -> OrderAnswer {
        let made: MadeEnrollment
        do {
            made = try await services.post(
                .enrollment, "/internal/enrollments",
                Seat(userId: user.rawValue, courseId: course.rawValue, source: source),
                key: key, as: MadeEnrollment.self)
        } catch let error as ServiceCallError where error.refusalCode == PaymentFailure.alreadyEnrolled.code {
            throw PaymentError.refused(.alreadyEnrolled)
        }
        return .enrolled(try await once.keep(made, in: database).id)
    }

    private func begin(
        _ course: CourseID, _ price: Money, _ paymentMethod: String, by user: UserID, _ once: Once
    ) async throws -> Payment {
        try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.people.lock(user, on: tx).isErased() { throw PaymentError.notFound }
                let time = now()
                let payment = Payment(
                    id: PaymentID.make(at: time), userID: user, courseID: course, plan: nil, amount: price,
                    status: .initiated, createdAt: time)
                store.insert(payment, paymentMethod: paymentMethod, on: tx)
                store.insertStep("initiated", of: payment.id, at: time, on: tx)
                try tasks.enqueue(Checkout(paymentID: payment.id.rawValue), key: payment.id.rawValue, on: tx)
                return payment
            } again: { id in
                guard let payment = try await store.find(id, on: tx) else { throw PaymentError.notFound }
                return payment
            }
        }
    }

    /// The payment once its task is done, or in its current state when that exceeds the request's time limit.
    private func outcome(of id: PaymentID) async throws -> Payment {
        _ = try await tasks.isEnded(Checkout.self, key: id.rawValue, within: limits.answerMax)
        guard let payment = try await store.find(id, on: database) else { throw PaymentError.notFound }
        if payment.status == .failed, let failure = payment.failure { throw PaymentError.refused(failure) }
        return payment
    }

    // MARK: The task

    func checkOut(_ task: Checkout, _ run: TaskRun) async throws {
        let id = PaymentID(checked: task.paymentID)
        guard let payment = try await store.find(id, on: database), payment.isOpen,
            let paymentMethod = try await store.findPaymentMethod(of: id, on: database)
        else { return }
        guard mayCharge(begunAt: payment.createdAt), try await !isErased(payment.userID) else {
            return try await database.transaction { tx in
                try await giveUp(task, on: tx)
                try await run.finish(on: tx)
            }
        }
        guard try await reserve(payment) else {
            return try await database.transaction { tx in
                try await settle(id, .failed(.alreadyEnrolled, stripeID: nil), on: tx)
                try await run.finish(on: tx)
            }
        }
        let outcome = try await charge(payment, paymentMethod, run)
        try await database.transaction { tx in
            try await settle(id, outcome, on: tx)
            try await run.finish(on: tx)
        }
    }

    /// The payment fails. If Stripe has charged it all the same, the webhook causes a refund. A known intent is cancelled by the sweep.
    func giveUp(_ task: Checkout, on tx: Transaction) async throws {
        let id = PaymentID(checked: task.paymentID)
        guard try await store.find(id, on: tx)?.stripeID == nil else { return }
        try await settle(id, .failed(.abandoned, stripeID: nil), on: tx)
    }

    /// Requests the place before each attempt to charge: the one of an earlier attempt may have expired, and another payment may have it.
    /// - Returns: false when the person already has an enrolment, or was erased; an erased person gets no message.
    private func reserve(_ payment: Payment) async throws -> Bool {
        guard let course = payment.courseID else { return true }
        let seat: Reservation
        do {
            seat = try await services.post(
                .enrollment, "/internal/enrollments/reservations",
                SeatForPayment(
                    userId: payment.userID.rawValue, courseId: course.rawValue, paymentId: payment.id.rawValue),
                key: payment.id.rawValue, as: Reservation.self)
        } catch ServiceCallError.refused {
            return false
        }
        guard let enrollment = EnrollmentID(rawValue: seat.enrollmentId) else {
            throw ServiceCallError.malformed(.enrollment)
        }
        try await database.transaction { tx in
            guard try await store.updateReserved(payment.id, enrollment, on: tx) else { return }
            store.insertStep("reserved", of: payment.id, at: now(), on: tx)
            try outbox.append(PaymentInitiated(payment), on: tx)
        }
        return true
    }

    private func charge(_ payment: Payment, _ paymentMethod: String, _ run: TaskRun) async throws -> ChargeOutcome {
        do {
            return ChargeOutcome(
                try await stripeAccess.client().charge(
                    try StripeAmount(payment.amount), to: paymentMethod,
                    metadata: [StripeMetadata.payment: payment.id.rawValue], key: payment.id.rawValue))
        } catch let error as StripeError {
            return try outcome(of: error, run)
        }
    }
}

/// The metadata that Stripe returns with its events.
enum StripeMetadata {
    static let payment = "paymentId"
    static let subscription = "subscriptionId"
}

/// The course service's response.
private struct CourseForSale: Decodable {
    private enum CodingKeys: CodingKey { case status, price, currency }
    let status, price: String
    let currency: Currency

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        status = try fields.decode(String.self, forKey: .status)
        price = try fields.decode(String.self, forKey: .price)
        guard let currency = Currency(rawValue: try fields.decode(String.self, forKey: .currency)) else {
            throw DecodingError.dataCorruptedError(forKey: .currency, in: fields, debugDescription: "no currency")
        }
        self.currency = currency
    }
}

private struct Seat: Encodable { let userId, courseId, source: String }
private struct SeatForPayment: Encodable { let userId, courseId, paymentId: String }
private struct Reservation: Decodable { let enrollmentId: String }

private struct MadeEnrollment: Decodable, Identifiable {
    let enrollmentId: String
    var id: EnrollmentID { EnrollmentID(checked: enrollmentId) }
}
