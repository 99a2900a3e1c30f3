internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Store {
    private static let subscriptionColumns: SQL =
        "id, user_id, plan, billing_interval, hundredths, currency, status, current_period_end, stripe_id, created_at"

    /// - Throws: a unique violation when the person has an active or pending subscription.
    func insert(
        _ subscription: Subscription, payment: PaymentID, paymentMethod: String, on tx: Transaction
    ) async throws {
        try await tx.execute(
            """
            insert into subscription
                (id, user_id, payment_id, plan, billing_interval, hundredths, currency, status, payment_method, created_at)
            values (\(subscription.id.rawValue), \(subscription.userID.rawValue), \(payment.rawValue),
                \(subscription.offer.plan.rawValue), \(subscription.offer.interval.rawValue),
                \(subscription.offer.price.hundredths), \(subscription.offer.price.currency.rawValue),
                \(subscription.status.rawValue), \(paymentMethod), \(subscription.createdAt))
            """)
    }

    func update(_ subscription: Subscription, on tx: Transaction) {
        tx.submit(
            """
            update subscription set status = \(subscription.status.rawValue), stripe_id = \(subscription.stripeID as String?),
                current_period_end = \(subscription.currentPeriodEnd as Date?),
                payment_method = case when \(subscription.status == .initiated) then payment_method end
            where id = \(subscription.id.rawValue)
            """)
    }

    func lockSubscription(_ id: SubscriptionID, on tx: Transaction) async throws -> (Subscription, PaymentID)? {
        let rows = try await tx.query(
            "select \(Self.subscriptionColumns), payment_id from subscription where id = \(id.rawValue) for update")
        return try rows.first.map { (try subscription($0), PaymentID(checked: try $0.get(10, as: String.self))) }
    }

    func findSubscription(_ id: SubscriptionID, on tx: Transaction) async throws -> Subscription? {
        let rows = try await tx.query("select \(Self.subscriptionColumns) from subscription where id = \(id.rawValue)")
        return try rows.first.map(subscription)
    }

    /// With the card to charge, which is stored until there is an outcome.
    func findSubscription(
        _ id: SubscriptionID, on database: Database
    ) async throws -> (subscription: Subscription, paymentMethod: String?)? {
        let rows = try await database.query(
            "select \(Self.subscriptionColumns), payment_method from subscription where id = \(id.rawValue)")
        return try rows.first.map { (try subscription($0), try $0.get(10, as: String?.self)) }
    }

    func findSubscription(stripeID: String, on database: Database) async throws -> Subscription? {
        let rows = try await database.query(
            "select \(Self.subscriptionColumns) from subscription where stripe_id = \(stripeID)")
        return try rows.first.map(subscription)
    }

    func findSubscription(paidBy payment: PaymentID, on tx: Transaction) async throws -> Subscription? {
        let rows = try await tx.query(
            "select \(Self.subscriptionColumns) from subscription where payment_id = \(payment.rawValue)")
        return try rows.first.map(subscription)
    }

    /// A person's newest subscription.
    func findSubscription(of user: UserID, on database: Database) async throws -> Subscription? {
        let rows = try await database.query(
            """
            select \(Self.subscriptionColumns) from subscription where user_id = \(user.rawValue)
            order by id desc limit 1
            """)
        return try rows.first.map(subscription)
    }

    /// Whether the person has a paid plan at that time.
    func isCovered(_ user: UserID, at time: Date, on database: Database) async throws -> Bool {
        try await database.query(
            """
            select from subscription
            where user_id = \(user.rawValue) and status = 'ACTIVE' and current_period_end > \(time)
            """
        ).count > 0
    }

    /// Active subscriptions at Stripe whose period has ended.
    func updateOverdue(_ sweep: Sweep, on tx: Transaction) async throws -> [Subscription] {
        try await update(
            "subscription", where: "status = 'ACTIVE' and current_period_end < \(sweep.time)", by: "current_period_end",
            sweep, returning: Self.subscriptionColumns, on: tx
        ).map(subscription)
    }

    /// A person's active subscription, to be ended with their account.
    func listActive(of user: UserID, on tx: Transaction) async throws -> [Subscription] {
        let rows = try await tx.query(
            """
            select \(Self.subscriptionColumns) from subscription
            where user_id = \(user.rawValue) and status in ('INITIATED', 'ACTIVE')
            """)
        return try rows.map(subscription)
    }

    private func subscription(_ row: Row) throws -> Subscription {
        let (id, user, plan, interval, hundredths, currency, status, end, stripeID) = try row.decode(
            String.self, String.self, String.self, String.self, Int64.self, String.self, String.self, Date?.self,
            String?.self)
        guard let plan = Plan(rawValue: plan), let interval = BillingInterval(rawValue: interval),
            let currency = Currency(rawValue: currency), let price = Money(hundredths: hundredths, currency: currency),
            let status = Subscription.Status(rawValue: status)
        else { throw PostgresError(.decoding, "an invalid subscription row") }
        var subscription = Subscription(
            id: SubscriptionID(checked: id), userID: UserID(checked: user),
            offer: PlanOffer(plan: plan, interval: interval, price: price), createdAt: try row.get(9, as: Date.self),
            status: status)
        subscription.currentPeriodEnd = end
        subscription.stripeID = stripeID
        return subscription
    }
}
