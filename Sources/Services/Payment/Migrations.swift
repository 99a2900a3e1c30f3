internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "payment-001-payment", sql: payment),
        Migration(id: "payment-002-subscription", sql: subscription),
        Migration(id: "payment-003-webhook", sql: webhook),
        Migration(id: "payment-004-person", sql: person),
        Migration(id: "payment-005-sweep", sql: sweep),
    ]

    /// `payment_method` is Stripe's id of a card; it is deleted once the charge has an outcome. Amounts are in hundredths.
    private static let payment = """
        create table payment (
            id text primary key,
            user_id text not null,
            course_id text,
            plan text,
            hundredths bigint not null check (hundredths > 0),
            currency text not null,
            status text not null check (status in ('INITIATED', 'REQUIRES_ACTION', 'COMPLETED', 'FAILED', 'REFUNDED')),
            payment_method text,
            enrollment_id text,
            stripe_id text,
            failure_code text,
            failure_message text,
            failure_retryable boolean,
            created_at timestamptz not null,
            completed_at timestamptz,
            enrolled_at timestamptz,
            resent_at timestamptz,
            check (num_nonnulls(course_id, plan) = 1)
        );
        create index payment_user on payment (user_id, id desc);
        create unique index payment_stripe on payment (stripe_id) where stripe_id is not null;
        create index payment_open on payment (created_at) where status in ('INITIATED', 'REQUIRES_ACTION');
        create index payment_not_enrolled on payment (completed_at)
            where status = 'COMPLETED' and course_id is not null and enrolled_at is null;
        create table payment_step (
            payment_id text not null references payment (id),
            turn bigint generated always as identity,
            name text not null,
            at timestamptz not null,
            primary key (payment_id, turn)
        );
        """

    /// At most one active or pending plan per person.
    private static let subscription = """
        create table subscription (
            id text primary key,
            user_id text not null,
            payment_id text not null references payment (id),
            plan text not null,
            billing_interval text not null check (billing_interval in ('MONTH', 'YEAR')),
            hundredths bigint not null,
            currency text not null,
            status text not null check (status in ('INITIATED', 'ACTIVE', 'FAILED', 'ENDED')),
            payment_method text,
            current_period_end timestamptz,
            stripe_id text unique,
            created_at timestamptz not null
        );
        create unique index subscription_of_a_person on subscription (user_id) where status in ('INITIATED', 'ACTIVE');
        create index subscription_period on subscription (current_period_end) where status = 'ACTIVE';
        """

    /// The webhook events received from Stripe, each once.
    private static let webhook = """
        create table webhook_event (
            id text primary key,
            type text not null,
            created_at timestamptz not null,
            received_at timestamptz not null
        );
        create index webhook_event_received_at on webhook_event (received_at);
        """

    /// An erased person can buy nothing.
    private static let person = """
        create table person (
            user_id text primary key,
            erased_at timestamptz
        ) with (fillfactor = 80);
        """

    /// When a sweep last acted on the row.
    private static let sweep = """
        alter table payment add column swept_at timestamptz;
        alter table subscription add column swept_at timestamptz;
        """
}
