internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "notification-001-recipient", sql: recipient),
        Migration(id: "notification-002-notice", sql: notice),
        Migration(id: "notification-003-delivery", sql: delivery),
        Migration(id: "notification-004-mailbox", sql: mailbox),
        Migration(id: "notification-005-put-off", sql: putOff),
        Migration(id: "notification-006-learning", sql: learning),
        Migration(id: "notification-007-mails-as-tasks", sql: mailsAsTasks),
        Migration(id: "notification-008-learner", sql: learner),
    ]

    /// Each person's profile from the user service. `as_of` is the time of the newest event, because events of different topics can
    /// arrive out of order. The row remains, empty, after erasure, so that late events detect it.
    private static let recipient = """
        create table recipient (
            user_id text primary key,
            email text,
            first_name text,
            last_name text,
            language text,
            as_of timestamptz,
            erased_at timestamptz,
            check (erased_at is not null or num_nulls(email, first_name, last_name, language, as_of) = 0)
        );
        """

    /// `notice` contains the entries of a person's list; `waiting_notice` those of people who are not known yet.
    private static let notice = """
        create table notice (
            user_id text not null,
            id text not null,
            kind text not null,
            facts jsonb not null,
            created_at timestamptz not null,
            read_at timestamptz,
            primary key (user_id, id)
        );
        create index notice_unread on notice (user_id) where read_at is null;
        create index notice_created_at on notice using brin (created_at);
        create table waiting_notice (
            cause_event_id text primary key,
            user_id text not null,
            kind text not null,
            facts jsonb not null,
            created_at timestamptz not null,
            correlation_id text not null,
            traceparent text not null
        );
        create index waiting_notice_user on waiting_notice (user_id);
        """

    /// One row per requested mail: the claim that ensures it is sent once. Its content is deleted after sending.
    private static let delivery = """
        create table delivery (
            event_id text primary key,
            user_id text not null,
            state text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'dropped')),
            due_at timestamptz not null,
            attempts int not null default 0,
            recipient text,
            subject text,
            kind text not null,
            facts jsonb,
            smtp_code int,
            reason text,
            correlation_id text not null,
            traceparent text not null,
            created_at timestamptz not null,
            finished_at timestamptz,
            check (state not in ('waiting', 'sending') or num_nulls(recipient, subject, facts) = 0)
        );
        create index delivery_due on delivery (due_at) where state in ('waiting', 'sending');
        create index delivery_user on delivery (user_id);
        create index delivery_finished_at on delivery using brin (finished_at);
        """

    /// Mails of an erased person cannot be sent again.
    private static let putOff = """
        alter table delivery add column put_off_since timestamptz;
        update delivery set state = 'dropped' where state = 'failed' and recipient is null;
        """

    /// The destination of mail when no mail server is configured.
    private static let mailbox = """
        create table mailbox (
            id bigint generated always as identity primary key,
            message_id text not null unique,
            user_id text not null,
            recipient text not null,
            subject text not null,
            body_text text not null,
            body_html text not null,
            received_at timestamptz not null
        );
        create index mailbox_recipient on mailbox (lower(recipient), id desc);
        create index mailbox_user on mailbox (user_id);
        """

    /// `course` contains course titles from the newest event. A notification is created once by its own id, whichever event it waits for.
    private static let learning = """
        create table course (
            id text primary key,
            title text not null,
            as_of timestamptz not null
        );
        alter table waiting_notice add column notice_id text;
        update waiting_notice set notice_id = 'ntf_' || substr(cause_event_id, 5);
        alter table waiting_notice alter column notice_id set not null;
        alter table notice add column pushed_at timestamptz;
        """

    /// Since this version a mail is a task: waiting and failed mails become tasks with their due times. Platform's table is used only if
    /// such mails exist, so that it can change.
    private static let mailsAsTasks = """
        do $$ begin
            if exists (select from delivery where state in ('waiting', 'sending', 'failed')) then
                insert into task (kind, key, payload, state, due_at, error, correlation_id, traceparent, causation_id, ended_at)
                select 'deliver-mail', event_id, jsonb_build_object('eventID', event_id),
                    case state when 'failed' then 'failed' else 'waiting' end, due_at, reason, correlation_id, traceparent,
                    event_id, finished_at
                from delivery where state in ('waiting', 'sending', 'failed');
            end if;
        end $$;
        alter table delivery drop column traceparent;
        """

    /// Enrolled learners and instructors of courses: who may be interested in the instructor's next course.
    private static let learner = """
        alter table course add column instructor_id text;
        create index course_instructor on course (instructor_id);
        create table learner (
            course_id text not null,
            user_id text not null,
            primary key (course_id, user_id)
        );
        create index learner_user on learner (user_id);
        """
}
