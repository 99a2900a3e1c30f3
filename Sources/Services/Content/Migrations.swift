internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "content-001-access", sql: access),
        Migration(id: "content-002-lesson", sql: lesson),
        Migration(id: "content-003-page", sql: page),
        Migration(id: "content-004-medium", sql: medium),
        Migration(id: "content-005-public-lessons", sql: publicLessons),
        Migration(
            id: "content-006-deleted-media",
            sql: "alter table medium add column is_deleted boolean not null default false"),
    ]

    /// Writes about a person lock their `person` row, which remains, empty, after erasure. A revoked access remains too, because its
    /// grant may arrive later.
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

    /// Cached facts from the course service, and the newest known version of each course: facts of an older version are requested again.
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

    /// Each event contributes its own columns, in either order.
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

    /// Cached lessons lack the new column, so they are deleted and requested again.
    private static let publicLessons = """
        delete from lesson;
        alter table lesson add column is_public boolean not null;
        """
}
