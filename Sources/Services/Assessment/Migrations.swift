internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "assessment-001-learner", sql: learner),
        Migration(id: "assessment-002-work", sql: work),
        Migration(id: "assessment-003-submission", sql: submission),
        Migration(
            id: "assessment-004-version",
            sql: "alter table submission add column version bigint not null default 1 check (version > 0)"),
    ]

    /// The row lock serialises a learner's submissions with their erasure. The row remains after erasure.
    private static let learner = """
        create table learner (
            user_id text primary key,
            erased_at timestamptz
        ) with (fillfactor = 80);
        """

    /// Quizzes and assignments. The questions of a quiz and their solutions are one JSON value.
    private static let work = """
        create table work (
            id text primary key,
            kind text not null check (kind in ('QUIZ', 'ASSIGNMENT')),
            course_id text not null,
            lesson_id text,
            title text not null,
            max_score double precision not null check (max_score > 0),
            pass_percent double precision not null check (pass_percent between 0 and 100),
            attempts_max int check (attempts_max > 0),
            questions jsonb,
            instructions text,
            created_at timestamptz not null,
            check ((kind = 'QUIZ') = (questions is not null))
        );
        create index work_course on work (course_id, kind, id desc);
        """

    /// After the learner's erasure only the score remains, without reference to the person.
    private static let submission = """
        create table submission (
            id text primary key,
            work_id text not null references work (id),
            course_id text not null,
            user_id text,
            attempt int not null check (attempt > 0),
            answers jsonb,
            body text,
            submitted_at timestamptz not null,
            score double precision,
            percent double precision,
            is_passed boolean,
            feedback text,
            graded_at timestamptz,
            unique (work_id, user_id, attempt),
            check (user_id is not null or num_nonnulls(answers, body, feedback) = 0),
            check (num_nulls(score, percent, is_passed, graded_at) in (0, 4))
        );
        create index submission_work on submission (work_id, id desc);
        create index submission_user on submission (user_id);
        create index submission_gradebook on submission (course_id, user_id, work_id) where graded_at is not null;
        """
}
