internal import Contracts
internal import HTTP
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What can be done with reviews, one method a use case.
struct Operations: Sendable {
    private let database: Database
    private let client: ServiceClient
    private let now: @Sendable () -> Date
    private let store = Store()

    init(_ context: ServiceContext) {
        database = context.database
        client = ServiceClient(context)
        now = context.clock
    }

    // MARK: Writing

    /// Publishes what a learner says of a course, once for each enrolment.
    /// - Returns: the review as it is now, when the same request published it before.
    /// - Throws: ``ReviewError``; ``ServiceCallError``.
    func publish(_ words: ReviewWords, of course: CourseID, by author: UserID, _ once: Once) async throws -> Review {
        let progress = try await progress(of: author, in: course)
        try progress.checkMayReview()
        return try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.people.lock(author, on: tx).isErased() { throw ReviewError.notAllowed }
                let time = now()
                let review = Review(
                    id: .make(at: time), courseID: course, authorID: author, words: words, createdAt: time,
                    updatedAt: time)
                guard try await store.insert(review, of: progress.enrollmentID, on: tx) else {
                    throw ReviewError.alreadyReviewed
                }
                store.updateRating(of: course, adding: words.rating, on: tx)
                return review
            } again: { id in
                guard let review = try await store.find(id, on: tx) else { throw ReviewError.notFound }
                return review
            }
        }
    }

    /// Changes a review of the author's own. Nothing happens when nothing changed.
    /// - Parameter isCurrent: whether a version is the one the author saw; ``ReviewError/changedMeanwhile`` when it is not.
    /// - Throws: ``ReviewError``.
    func edit(
        _ id: ReviewID, _ edit: ReviewEdit, by author: UserID, ifVersion isCurrent: @Sendable (Int) -> Bool
    ) async throws -> Review {
        try await database.transaction { tx in
            guard let old = try await store.lock(id, on: tx) else { throw ReviewError.notFound }
            guard old.authorID == author else { throw ReviewError.notAllowed }
            guard isCurrent(old.version) else { throw ReviewError.changedMeanwhile }
            var review = old
            review.words = edit.applied(to: old.words)
            if review == old { return old }
            review.version += 1
            review.updatedAt = now()
            store.update(review, on: tx)
            store.updateRating(of: old.courseID, adding: review.words.rating, removing: old.words.rating, on: tx)
            return review
        }
    }

    /// Takes a review back.
    /// - Parameter author: whose it must be; nil for an administrator, who may remove any.
    /// - Throws: ``ReviewError``.
    func remove(_ id: ReviewID, by author: UserID?, ifVersion isCurrent: @Sendable (Int) -> Bool) async throws {
        try await database.transaction { tx in
            guard let review = try await store.lock(id, on: tx) else { throw ReviewError.notFound }
            if let author, review.authorID != author { throw ReviewError.notAllowed }
            guard isCurrent(review.version) else { throw ReviewError.changedMeanwhile }
            store.delete(id, on: tx)
            store.updateRating(of: review.courseID, removing: review.words.rating, on: tx)
        }
    }

    /// Who completed the course needs no further asking: enrollment may be away.
    private func progress(of user: UserID, in course: CourseID) async throws -> Progress {
        if let enrollment = try await store.findCompleted(by: user, in: course, on: database) {
            return Progress(enrollmentID: enrollment, percent: 100)
        }
        do {
            let target = "/internal/enrollments/of/\(user)/in/\(course)"
            let answer = try await client.get(.enrollment, target, as: EnrollmentAnswer.self)
            return Progress(enrollmentID: answer.enrollmentId, percent: answer.percent)
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            throw ReviewError.noProgress
        }
    }

    // MARK: Reading

    /// - Throws: ``ReviewError/notFound``.
    func find(_ id: ReviewID) async throws -> Review {
        guard let review = try await store.find(id, on: database) else { throw ReviewError.notFound }
        return review
    }

    /// The reviews of a course, the newest first, and how it is rated.
    /// - Parameter reader: whose own review is shown beside the page; nil for nobody's.
    func list(_ course: CourseID, for reader: UserID?, _ page: PageRequest<ReviewID>) async throws -> CourseReviews {
        let found = try await store.list(
            of: course, before: page.cursor, countMax: page.soughtCount, on: database)
        var own: Review?
        if let reader { own = try await store.find(by: reader, of: course, on: database) }
        return CourseReviews(
            page: Page(found, of: page, by: \.id), own: own,
            rating: try await store.findRating(of: course, on: database))
    }

    struct CourseReviews: Sendable {
        let page: Page<Review>
        let own: Review?
        let rating: RatingSummary
    }

    // MARK: Events

    /// Notes an enrolment, unless the person is erased. It may be completed before we hear that it was made.
    func noteEnrollment(
        _ id: EnrollmentID, of user: UserID, in course: CourseID, completedAt: Date? = nil, on tx: Transaction
    ) async throws {
        if try await store.people.lock(user, on: tx).isErased() { return }
        store.upsertEnrollment(id, of: user, in: course, completedAt: completedAt, on: tx)
    }

    /// Forgets a person; what they said stays, and nobody knows who said it.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.erasePerson(user, at: time, on: tx)
    }
}

private struct EnrollmentAnswer: Decodable {
    let enrollmentId: EnrollmentID
    let percent: Double
}
