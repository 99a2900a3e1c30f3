internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service; that of subscriptions is in an extension.
struct Store: Sendable {
    let people = People()

    private static let columns: SQL = """
        id, user_id, course_id, plan, hundredths, currency, status, enrollment_id, stripe_id, failure_code, failure_message,
        failure_retryable, created_at, completed_at, enrolled_at
        """

    // MARK: Writing

    /// - Parameter paymentMethod: stored until there is an outcome.
    func insert(_ payment: Payment, paymentMethod: String, on tx: Transaction) {
        tx.submit(
            """
            insert into payment (id, user_id, course_id, plan, hundredths, currency, status, payment_method, created_at)
            values (\(payment.id.rawValue), \(payment.userID.rawValue), \(payment.courseID?.rawValue as String?),
                \(payment.plan as String?), \(payment.amount.hundredths), \(payment.amount.currency.rawValue),
                \(payment.status.rawValue), \(paymentMethod), \(payment.createdAt))
            """)
    }

    func insertStep(_ name: String, of id: PaymentID, at time: Date, on tx: Transaction) {
        tx.submit("insert into payment_step (payment_id, name, at) values (\(id.rawValue), \(name), \(time))")
    }

    /// - Returns: false when a reservation was already stored.
    func updateReserved(_ id: PaymentID, _ enrollment: EnrollmentID, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update payment set enrollment_id = \(enrollment.rawValue)
            where id = \(id.rawValue) and enrollment_id is null
            """) == 1
    }

    /// Updates the outcome of a locked payment.
    func update(_ payment: Payment, on tx: Transaction) {
        tx.submit(
            """
            update payment set status = \(payment.status.rawValue), stripe_id = \(payment.stripeID as String?),
                failure_code = \(payment.failure?.code as String?), failure_message = \(payment.failure?.message as String?),
                failure_retryable = \(payment.failure?.isRetryable as Bool?), completed_at = \(payment.completedAt as Date?),
                payment_method = case when \(payment.isOpen) then payment_method end, swept_at = null
            where id = \(payment.id.rawValue)
            """)
    }

    /// - Returns: the payment, if it is one of ours.
    func updateEnrolled(
        _ id: PaymentID, _ enrollment: EnrollmentID, at time: Date, on tx: Transaction
    ) async throws -> Payment? {
        let rows = try await tx.query(
            """
            update payment set enrollment_id = \(enrollment.rawValue), enrolled_at = coalesce(enrolled_at, \(time))
            where id = \(id.rawValue) returning \(Self.columns)
            """)
        return try rows.first.map(payment)
    }

    /// - Returns: false when the event was already sent again.
    func updateResent(_ id: PaymentID, at time: Date, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            "update payment set resent_at = \(time) where id = \(id.rawValue) and resent_at is null") == 1
    }

    // MARK: Reading

    func lock(_ id: PaymentID, on tx: Transaction) async throws -> Payment? {
        let rows = try await tx.query("select \(Self.columns) from payment where id = \(id.rawValue) for update")
        return try rows.first.map(payment)
    }

    func find(_ id: PaymentID, on tx: Transaction) async throws -> Payment? {
        let rows = try await tx.query("select \(Self.columns) from payment where id = \(id.rawValue)")
        return try rows.first.map(payment)
    }

    func find(_ id: PaymentID, on database: Database) async throws -> Payment? {
        let rows = try await database.query("select \(Self.columns) from payment where id = \(id.rawValue)")
        return try rows.first.map(payment)
    }

    /// The first payment of a plan.
    func find(paying subscription: SubscriptionID, on database: Database) async throws -> Payment? {
        let rows = try await database.query(
            """
            select \(Self.columns) from payment
            where id = (select payment_id from subscription where id = \(subscription.rawValue))
            """)
        return try rows.first.map(payment)
    }

    func find(stripeID: String, on database: Database) async throws -> Payment? {
        let rows = try await database.query("select \(Self.columns) from payment where stripe_id = \(stripeID)")
        return try rows.first.map(payment)
    }

    /// nil once there is an outcome.
    func findPaymentMethod(of id: PaymentID, on database: Database) async throws -> String? {
        let rows = try await database.query("select payment_method from payment where id = \(id.rawValue)")
        return try rows.first?.decode(String?.self) ?? nil
    }

    func listSteps(of id: PaymentID, on database: Database) async throws -> [PaymentStep] {
        let rows = try await database.query(
            "select name, at from payment_step where payment_id = \(id.rawValue) order by turn")
        return try rows.map { row in
            let (name, at) = try row.decode(String.self, Date.self)
            return PaymentStep(name: name, at: at)
        }
    }

    /// Newest first.
    func list(of user: UserID, before: PaymentID?, countMax: Int, on database: Database) async throws -> [Payment] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select \(Self.columns) from payment where user_id = \(user.rawValue) \(older)
            order by id desc limit \(countMax)
            """)
        return try rows.map(payment)
    }

    /// Payments that were open, or paid without an enrolment, before `time`; newest first.
    func listStuck(since time: Date, before: PaymentID?, countMax: Int, on database: Database) async throws -> [Payment]
    {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select \(Self.columns) from payment
            where (status in ('INITIATED', 'REQUIRES_ACTION') and created_at < \(time)
                or status = 'COMPLETED' and course_id is not null and enrolled_at is null and completed_at < \(time)) \(older)
            order by id desc limit \(countMax)
            """)
        return try rows.map(payment)
    }

    /// Paid before `time` without an enrolment, and not sent again; oldest first.
    func listNotResent(since time: Date, countMax: Int, on database: Database) async throws -> [Payment] {
        let rows = try await database.query(
            """
            select \(Self.columns) from payment
            where status = 'COMPLETED' and course_id is not null and enrolled_at is null and completed_at < \(time)
                and resent_at is null
            order by completed_at limit \(countMax)
            """)
        return try rows.map(payment)
    }

    // MARK: Sweeps

    /// Paid before `time` without an enrolment, although the event was sent again before `resent`.
    func updateNotEnrolled(
        since time: Date, resentBefore resent: Date, _ sweep: Sweep, on tx: Transaction
    ) async throws -> [Payment] {
        let due: SQL = """
            status = 'COMPLETED' and course_id is not null and enrolled_at is null and completed_at < \(time)
                and resent_at < \(resent)
            """
        return try await update("payment", where: due, by: "completed_at", sweep, returning: Self.columns, on: tx)
            .map(payment)
    }

    /// Open since before `time`.
    func updateOpen(since time: Date, _ sweep: Sweep, on tx: Transaction) async throws -> [Payment] {
        let due: SQL = "status in ('INITIATED', 'REQUIRES_ACTION') and created_at < \(time)"
        return try await update("payment", where: due, by: "created_at", sweep, returning: Self.columns, on: tx)
            .map(payment)
    }

    /// Marks the rows that a sweep acts on, oldest first. A marked row leaves its place to others until it is due again.
    func update(
        _ table: SQL, where due: SQL, by age: SQL, _ sweep: Sweep, returning columns: SQL, on tx: Transaction
    ) async throws -> Rows {
        try await tx.query(
            """
            with due as (
                select id from \(table)
                where \(due) and (swept_at is null or swept_at <= \(sweep.time - sweep.again / .seconds(1)))
                order by \(age) limit \(sweep.countMax) for no key update skip locked
            )
            update \(table) set swept_at = \(sweep.time) where id in (select id from due) returning \(columns)
            """)
    }

    // MARK: Rows

    private func payment(_ row: Row) throws -> Payment {
        let (id, user, course, plan, hundredths, currency, status) = try row.decode(
            String.self, String.self, String?.self, String?.self, Int64.self, String.self, String.self)
        guard let currency = Currency(rawValue: currency),
            let amount = Money(hundredths: hundredths, currency: currency),
            let status = Payment.Status(rawValue: status)
        else { throw PostgresError(.decoding, "an invalid payment row") }
        var payment = Payment(
            id: PaymentID(checked: id), userID: UserID(checked: user), courseID: course.map { CourseID(checked: $0) },
            plan: plan, amount: amount, status: status, createdAt: try row.get(12, as: Date.self))
        payment.enrollmentID = try row.get(7, as: String?.self).map { EnrollmentID(checked: $0) }
        payment.stripeID = try row.get(8, as: String?.self)
        if let code = try row.get(9, as: String?.self) {
            payment.failure = PaymentFailure(
                code: code, message: try row.get(10, as: String?.self) ?? "",
                isRetryable: try row.get(11, as: Bool?.self) ?? false)
        }
        payment.completedAt = try row.get(13, as: Date?.self)
        payment.enrolledAt = try row.get(14, as: Date?.self)
        return payment
    }

    // MARK: Webhooks

    /// - Returns: false when it was already received.
    func insertWebhook(_ id: String, _ type: String, createdAt: Date, at time: Date, on tx: Transaction) async throws
        -> Bool
    {
        try await tx.execute(
            """
            insert into webhook_event (id, type, created_at, received_at) values (\(id), \(type), \(createdAt), \(time))
            on conflict do nothing
            """) == 1
    }

    /// Stripe repeats webhooks for days, so 90 days are enough.
    func deleteOldWebhooks(on database: Database) async throws {
        try await database.delete(
            from: "webhook_event", where: "received_at < clock_timestamp() - interval '90 days'", stepCountMax: 5_000)
    }
}

/// One run of a sweep.
struct Sweep: Sendable {
    let time: Date
    /// When a row that makes no progress is due again.
    let again: Duration
    let countMax: Int
}
