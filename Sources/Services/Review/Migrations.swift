internal import Postgres

/// Append-only: a released migration must not change.
enum Migrations {
    static let all = [
        Migration(id: "review-001-enrollment", sql: enrollment),
        Migration(id: "review-002-review", sql: review),
    ]

    /// Writes about a person lock their `person` row, which remains, empty, after erasure.
    private static let enrollment = """
        create table person (
            user_id text primary key,
            erased_at timestamptz
        );
        create table enrollment (
            enrollment_id text primary key,
            user_id text not null,
            course_id text not null,
            completed_at timestamptz
        );
        create index enrollment_learner on enrollment (user_id, course_id);
        """

    /// A review of an erased author has no reference to the enrolment. `rating` counts the reviews with one to five stars.
    private static let review = """
        create table review (
            id text primary key,
            course_id text not null,
            enrollment_id text constraint review_once unique,
            author_id text,
            rating smallint not null check (rating between 1 and 5),
            text text not null,
            version bigint not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            constraint review_signed_or_anonymous check (num_nulls(enrollment_id, author_id) in (0, 2))
        );
        create index review_course on review (course_id, id desc);
        create index review_author on review (author_id, course_id) where author_id is not null;
        create table rating (
            course_id text primary key,
            counts bigint[] not null default '{0,0,0,0,0}' check (cardinality(counts) = 5 and 0 <= all (counts))
        ) with (fillfactor = 80);
        """
}
