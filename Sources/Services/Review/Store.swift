internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People()

    // MARK: People and their enrolments

    /// Stores an enrolment and its completion time, if known. The person is locked and not erased.
    func upsertEnrollment(
        _ id: EnrollmentID, of user: UserID, in course: CourseID, completedAt: Date?, on tx: Transaction
    ) {
        tx.submit(
            """
            insert into enrollment (enrollment_id, user_id, course_id, completed_at)
            values (\(id.rawValue), \(user.rawValue), \(course.rawValue), \(completedAt as Date?))
            on conflict (enrollment_id) do update
            set completed_at = coalesce(enrollment.completed_at, excluded.completed_at)
            """)
    }

    /// A completed enrolment of the learner.
    func findCompleted(
        by user: UserID, in course: CourseID, on statements: some Statements
    ) async throws -> EnrollmentID? {
        try await statements.query(
            """
            select enrollment_id from enrollment
            where user_id = \(user.rawValue) and course_id = \(course.rawValue) and completed_at is not null
            order by completed_at desc limit 1
            """
        ).first.map { EnrollmentID(checked: try $0.decode(String.self)) }
    }

    /// Inserts a tombstone, and makes the person's reviews anonymous.
    func erasePerson(_ id: UserID, at time: Date, on tx: Transaction) {
        people.erase(id, at: time, on: tx)
        tx.submit("delete from enrollment where user_id = \(id.rawValue)")
        tx.submit(
            """
            update review set author_id = null, enrollment_id = null, version = version + 1
            where author_id = \(id.rawValue)
            """)
    }

    // MARK: Reviews

    func find(_ id: ReviewID, on statements: some Statements) async throws -> Review? {
        try await statements.query("select \(Self.columns) from review where id = \(id.rawValue)").first.map(review)
    }

    /// The review, locked until the transaction ends.
    func lock(_ id: ReviewID, on tx: Transaction) async throws -> Review? {
        try await tx.query("select \(Self.columns) from review where id = \(id.rawValue) for update").first.map(review)
    }

    /// A person's last review of a course.
    func find(by author: UserID, of course: CourseID, on statements: some Statements) async throws -> Review? {
        try await statements.query(
            """
            select \(Self.columns) from review
            where author_id = \(author.rawValue) and course_id = \(course.rawValue) order by id desc limit 1
            """
        ).first.map(review)
    }

    /// Newest first.
    /// - Parameter before: only reviews older than this one.
    func list(
        of course: CourseID, before: ReviewID?, countMax: Int, on statements: some Statements
    ) async throws -> [Review] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        return try await statements.query(
            """
            select \(Self.columns) from review
            where course_id = \(course.rawValue) \(older) order by id desc limit \(countMax)
            """
        ).map(review)
    }

    /// - Returns: false when the enrolment already has a review.
    func insert(_ review: Review, of enrollment: EnrollmentID, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            insert into review (id, course_id, enrollment_id, author_id, rating, text, version, created_at, updated_at)
            values (\(review.id.rawValue), \(review.courseID.rawValue), \(enrollment.rawValue),
                \(review.authorID?.rawValue as String?), \(review.words.rating), \(review.words.text),
                \(review.version), \(review.createdAt), \(review.updatedAt))
            on conflict (enrollment_id) do nothing
            """) == 1
    }

    func update(_ review: Review, on tx: Transaction) {
        tx.submit(
            """
            update review set rating = \(review.words.rating), text = \(review.words.text),
                version = \(review.version), updated_at = \(review.updatedAt)
            where id = \(review.id.rawValue)
            """)
    }

    func delete(_ id: ReviewID, on tx: Transaction) {
        tx.submit("delete from review where id = \(id.rawValue)")
    }

    // MARK: Ratings

    /// Adds a rating to the counts, or removes one.
    func updateRating(of course: CourseID, adding new: Int? = nil, removing old: Int? = nil, on tx: Transaction) {
        tx.submit("insert into rating (course_id) values (\(course.rawValue)) on conflict do nothing")
        for (rating, step) in [(new, 1), (old, -1)] {
            guard let place = rating.flatMap(Int32.init(exactly:)) else { continue }
            tx.submit(
                """
                update rating set counts[\(place)] = counts[\(place)] + \(step) where course_id = \(course.rawValue)
                """)
        }
    }

    func findRating(of course: CourseID, on statements: some Statements) async throws -> RatingSummary {
        try await statements.query("select counts from rating where course_id = \(course.rawValue)").first.map {
            RatingSummary(counts: try $0.decode([Int].self))
        } ?? .none
    }

    // MARK: Rows

    private static let columns: SQL = "id, course_id, author_id, rating, text, version, created_at, updated_at"

    private func review(_ row: Row) throws -> Review {
        let (id, course, author, rating, text, version, createdAt, updatedAt) = try row.decode(
            String.self, String.self, String?.self, Int.self, String.self, Int.self, Date.self, Date.self)
        return Review(
            id: ReviewID(checked: id), courseID: CourseID(checked: course), authorID: author.map(UserID.init(checked:)),
            words: ReviewWords(rating: rating, text: text), version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}
