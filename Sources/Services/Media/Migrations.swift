internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "media-001-medium", sql: medium),
        Migration(
            id: "media-002-lesson",
            sql: "create index medium_lesson on medium (lesson_id, id) where lesson_id is not null"),
        Migration(id: "media-003-assembly", sql: "alter table medium add column assembling_until timestamptz"),
    ]

    /// Writes about a person lock their `person` row, which remains, empty, after erasure.
    private static let medium = """
        create table person (
            user_id text primary key,
            erased_at timestamptz
        );
        create table medium (
            id text primary key,
            owner_id text,
            course_id text,
            lesson_id text,
            file_name text not null,
            content_type text not null,
            size_bytes bigint not null,
            sha256 text not null,
            state text not null check (state in ('UPLOADING', 'PROCESSING', 'READY', 'FAILED')),
            error text,
            duration_seconds float8,
            created_at timestamptz not null
        );
        create index medium_owner on medium (owner_id);
        create index medium_uploading on medium (created_at) where state = 'UPLOADING';
        create table part (
            medium_id text not null references medium on delete cascade,
            number int not null,
            size_bytes bigint not null,
            primary key (medium_id, number)
        );
        create table rendition (
            medium_id text not null references medium on delete cascade,
            name text not null,
            position int not null,
            content_type text not null,
            object_key text not null,
            width int,
            height int,
            size_bytes bigint not null,
            primary key (medium_id, name)
        );
        """
}
