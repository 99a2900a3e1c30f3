internal import Postgres

/// The service's tables, in order; append-only.
enum Migrations {
    static let all: [Migration] = [
        Migration(id: "gamification-001-learner", sql: learner),
        Migration(id: "gamification-002-points", sql: points),
        Migration(id: "gamification-003-badges", sql: badges),
        Migration(id: "gamification-004-first-rules", sql: firstRules),
        Migration(id: "gamification-005-occasions", sql: occasions),
        Migration(id: "gamification-006-learning", sql: learning),
    ]

    /// The row lock serialises all changes of a learner. The row remains, empty, after erasure, so that late events detect it.
    private static let learner = """
        create table learner (
            user_id text primary key,
            points bigint not null default 0,
            last_award_at timestamptz,
            erased_at timestamptz
        ) with (fillfactor = 80);
        """

    /// `rule` defines the awards; `points_award` is the ledger: append-only, and deleted with the person.
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

    /// A rule rewards occasions of a kind from a percentage on, once per object. A ledger row has 0 points when the rule's daily limit
    /// was reached. Badges depend on how often a rule rewarded the learner.
    private static let occasions = """
        alter table rule add column occasion text, add column percent_min double precision
            check (percent_min between 0 and 100);
        update rule set occasion = 'registration';
        alter table rule alter column occasion set not null;
        create index rule_occasion on rule (occasion);

        alter table points_award add column subject text;
        update points_award set subject = user_id;
        alter table points_award alter column subject set not null,
            drop constraint points_award_source_event_id_rule_key, add unique (user_id, rule, subject);

        alter table badge drop constraint badge_earned_by_rule_key,
            add column award_count_min int not null default 1 check (award_count_min > 0),
            add column is_per_course boolean not null default false;
        create index badge_earned_by_rule on badge (earned_by_rule);
        alter table badge_award drop constraint badge_award_user_id_badge_code_key, add column course_id text;
        create unique index badge_award_once on badge_award (user_id, badge_code, coalesce(course_id, ''));
        """

    private static let learning = """
        insert into rule (code, occasion, percent_min, points, points_per_day_max, summary) values
            ('enrollment', 'enrollment', null, 10, 50, 'A course was begun.'),
            ('progress-25', 'progress', 25, 10, 100, 'A quarter of a course is done.'),
            ('progress-50', 'progress', 50, 15, 150, 'Half of a course is done.'),
            ('progress-75', 'progress', 75, 20, 200, 'Three quarters of a course are done.'),
            ('progress-100', 'progress', 100, 25, 250, 'All of a course is done.'),
            ('completion', 'completion', null, 100, 500, 'A course was completed.'),
            ('quiz-passed', 'quiz', 70, 20, 200, 'A quiz was done well.'),
            ('quiz-perfect', 'quiz', 100, 10, 100, 'A quiz was done without a mistake.'),
            ('assignment-passed', 'assignment', 70, 30, 300, 'An assignment was done well.');
        insert into badge (code, name, reason, earned_by_rule, award_count_min, is_per_course) values
            ('FIRST_ENROLLMENT', 'First steps', 'Began a first course', 'enrollment', 1, false),
            ('COURSE_COMPLETED', 'Course completed', 'Completed a course', 'completion', 1, true),
            ('FIVE_COURSES', 'Five courses', 'Completed five courses', 'completion', 5, false),
            ('TWENTY_COURSES', 'Twenty courses', 'Completed twenty courses', 'completion', 20, false),
            ('PERFECT_QUIZ', 'Perfect quiz', 'Did a quiz without a mistake', 'quiz-perfect', 1, false),
            ('TEN_QUIZZES', 'Ten quizzes', 'Did ten quizzes well', 'quiz-passed', 10, false),
            ('FIVE_ASSIGNMENTS', 'Five assignments', 'Did five assignments well', 'assignment-passed', 5, false);
        """
}
