internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "enrollment-001-learner", sql: learner),
        Migration(id: "enrollment-002-enrollment", sql: enrollment),
        Migration(id: "enrollment-003-record", sql: record),
        Migration(id: "enrollment-004-outline", sql: outline),
    ]

    /// The row lock serialises enrolment, grading and erasure of a learner. The row remains after erasure, so that late events detect it.
    private static let learner = """
        create table learner (
            user_id text primary key,
            erased_at timestamptz
        ) with (fillfactor = 80);
        """

    /// The first index enforces the rule: one open enrolment or reservation per learner and course.
    private static let enrollment = """
        create table enrollment (
            id text primary key,
            user_id text not null,
            course_id text not null,
            source text not null,
            payment_id text unique,
            state text not null check (
                state in ('PENDING_PAYMENT', 'ACTIVE', 'COMPLETED', 'WITHDRAWN', 'EXPIRED', 'REFUNDED')
            ),
            percent double precision not null default 0,
            completed_lessons int not null default 0,
            total_lessons int not null default 0,
            final_score double precision,
            reserved_until timestamptz,
            enrolled_at timestamptz,
            completed_at timestamptz,
            check (state <> 'PENDING_PAYMENT' or reserved_until is not null),
            check (state not in ('ACTIVE', 'COMPLETED', 'WITHDRAWN') or enrolled_at is not null),
            check (state <> 'COMPLETED' or completed_at is not null)
        ) with (fillfactor = 80);
        create unique index enrollment_taken on enrollment (user_id, course_id)
            where state in ('PENDING_PAYMENT', 'ACTIVE', 'COMPLETED');
        create index enrollment_user on enrollment (user_id, id desc);
        create index enrollment_course on enrollment (course_id, id desc);
        create index enrollment_reserved on enrollment (reserved_until) where state = 'PENDING_PAYMENT';
        """

    /// A grade belongs to the learner and the lesson, not to an enrolment: it may arrive before the enrolment, and outlives it.
    private static let record = """
        create table lesson_progress (
            enrollment_id text not null references enrollment (id) on delete cascade,
            lesson_id text not null,
            percent double precision not null check (percent between 0 and 100),
            completed_at timestamptz,
            primary key (enrollment_id, lesson_id)
        ) with (fillfactor = 80);
        create table lesson_grade (
            user_id text not null,
            course_id text not null,
            lesson_id text not null,
            percent double precision not null check (percent between 0 and 100),
            passed_at timestamptz,
            primary key (user_id, course_id, lesson_id)
        ) with (fillfactor = 80);
        """

    /// Cached courses from the course service.
    private static let outline = """
        create table course_outline (
            course_id text primary key,
            version bigint not null,
            outline jsonb not null,
            fetched_at timestamptz not null
        ) with (fillfactor = 80);
        """
}
