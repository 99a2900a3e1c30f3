internal import Postgres

/// Append only: a migration that has shipped is never changed.
enum Migrations {
    static let all = [
        Migration(id: "content-001-access", sql: access),
        Migration(id: "content-002-lesson", sql: lesson),
        Migration(id: "content-003-page", sql: page),
        Migration(id: "content-004-medium", sql: medium),
        Migration(id: "content-005-public-lessons", sql: publicLessons),
    ]

    /// `person` is locked by what is written of somebody, and stays, empty, when they are erased. An access that was revoked stays too:
    /// its grant may still be on its way.
    private static let access = """
        create table person (
            user_id text primary key,
            erased_at timestamptz
        );
        create table access (
            enrollment_id text primary key,
            user_id text not null,
            course_id text not null,
            is_revoked boolean not null
        );
        create index access_reader on access (user_id, course_id) where not is_revoked;
        """

    /// What the course service said, and the newest version of each course that we have heard of: what an older one said is asked for
    /// again.
    private static let lesson = """
        create table course (
            course_id text primary key,
            version bigint not null
        );
        create table lesson (
            lesson_id text primary key,
            course_id text not null,
            instructor_id text not null,
            is_free_preview boolean not null,
            course_status text not null,
            course_version bigint not null,
            told_at timestamptz not null
        );
        """

    private static let page = """
        create table page (
            lesson_id text primary key,
            revision bigint not null
        );
        create table revision (
            lesson_id text not null references page (lesson_id),
            number bigint not null,
            markdown text not null,
            written_at timestamptz not null,
            primary key (lesson_id, number)
        );
        """

    /// Each event brings its own half, whichever comes first.
    private static let medium = """
        create table medium (
            media_id text primary key,
            course_id text,
            lesson_id text,
            owner_id text,
            file_name text,
            content_type text,
            size_bytes bigint,
            uploaded_at timestamptz,
            status text check (status in ('READY', 'FAILED')),
            duration_seconds double precision,
            processed_at timestamptz
        );
        create index medium_lesson on medium (lesson_id, media_id);
        create index medium_owner on medium (owner_id) where owner_id is not null;
        """

    /// What is known of lessons does not say yet whether everybody may know of them, and is asked for again.
    private static let publicLessons = """
        delete from lesson;
        alter table lesson add column is_public boolean not null;
        """
}
