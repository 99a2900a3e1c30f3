internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "course-001-instructor", sql: instructor),
        Migration(id: "course-002-course", sql: course),
        Migration(id: "course-003-outline", sql: outline),
        Migration(
            id: "course-004-prerequisites",
            sql: "alter table course add column prerequisites text[] not null default '{}'"),
    ]

    /// The row is locked while a course is created, and remains after the person's erasure: an erased person creates no course.
    private static let instructor = """
        create table instructor (
            user_id text primary key,
            erased_at timestamptz
        );
        """

    /// Words are indexed literally for any language, and by English stems. `publication` is assigned once, on publishing: the order of
    /// the catalogue.
    private static let course = """
        create sequence course_publication;
        create table course (
            id text primary key,
            instructor_id text not null,
            status text not null check (status in ('DRAFT', 'PUBLISHED', 'ARCHIVED')),
            title text not null,
            description text not null,
            category text not null,
            level text not null,
            language text not null,
            price_hundredths bigint not null check (price_hundredths >= 0),
            currency text not null,
            version bigint not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            published_at timestamptz,
            publication bigint unique,
            words tsvector not null generated always as (
                setweight(to_tsvector('simple', title) || to_tsvector('english', title), 'A')
                || setweight(to_tsvector('simple', category) || to_tsvector('english', category), 'B')
                || setweight(to_tsvector('simple', description) || to_tsvector('english', description), 'C')
            ) stored,
            constraint course_published_with_number check (num_nulls(published_at, publication) in (0, 2)),
            constraint course_published_at_a_time check (status <> 'PUBLISHED' or published_at is not null)
        ) with (fillfactor = 80);
        create index course_instructor on course (instructor_id, id desc);
        create index course_words on course using gin (words) where status = 'PUBLISHED';
        create index course_catalogue on course (publication desc) where status = 'PUBLISHED';
        create index course_category on course (lower(category), publication desc) where status = 'PUBLISHED';
        """

    /// Positions are unique at the end of the transaction: the constraint is deferred, because two rows may share a position during a
    /// move.
    private static let outline = """
        create table section (
            id text primary key,
            course_id text not null references course (id),
            title text not null,
            position int not null,
            constraint section_place unique (course_id, position) deferrable initially deferred
        );
        create table lesson (
            id text primary key,
            course_id text not null references course (id),
            section_id text not null references section (id),
            title text not null,
            kind text not null check (kind in ('ARTICLE', 'VIDEO', 'QUIZ', 'ASSIGNMENT', 'FILE')),
            is_required boolean not null,
            is_free_preview boolean not null,
            position int not null,
            constraint lesson_place unique (section_id, position) deferrable initially deferred
        );
        create index lesson_course on lesson (course_id);
        """
}
