internal import Postgres

/// The tables of the service, in order; append only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "gamification-001-learner", sql: learner),
        Migration(id: "gamification-002-points", sql: points),
        Migration(id: "gamification-003-badges", sql: badges),
        Migration(id: "gamification-004-first-rules", sql: firstRules),
    ]

    /// The row's lock serialises everything that happens to one learner. An erased one keeps it, empty, so that an event that comes
    /// late finds out.
    private static let learner = """
        create table learner (
            user_id text primary key,
            points bigint not null default 0,
            last_award_at timestamptz,
            erased_at timestamptz
        ) with (fillfactor = 80);
        """

    /// `rule` says what is given; `points_award` is the ledger, to which rows are only ever added, and removed with the person.
    private static let points = """
        create table rule (
            code text primary key,
            points int not null,
            points_per_day_max int check (points_per_day_max > 0),
            is_active boolean not null default true,
            summary text not null
        );
        create table points_award (
            id text primary key,
            user_id text not null,
            rule text not null references rule (code),
            points int not null,
            source_event_id text not null,
            awarded_at timestamptz not null,
            unique (source_event_id, rule)
        );
        create index points_award_user on points_award (user_id, id desc);
        """

    private static let badges = """
        create table badge (
            code text primary key,
            name text not null,
            reason text not null,
            earned_by_rule text unique references rule (code)
        );
        create table badge_award (
            id text primary key,
            user_id text not null,
            badge_code text not null references badge (code),
            source_event_id text not null,
            earned_at timestamptz not null,
            unique (user_id, badge_code)
        );
        """

    private static let firstRules = """
        insert into rule (code, points, points_per_day_max, summary) values
            ('sign-up', 50, null, 'An account was made.');
        insert into badge (code, name, reason, earned_by_rule) values
            ('NEWCOMER', 'Newcomer', 'Joined Learning Hub', 'sign-up');
        """
}
