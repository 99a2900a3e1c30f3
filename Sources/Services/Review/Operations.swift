internal import Contracts
internal import HTTP
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, one method each.
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

    /// Publishes a review, once per enrolment.
    /// - Returns: the review in its current state when the same request already published it.
    /// - Throws: ``ReviewError``; ``ServiceCallError``.
    func publish(_ words: ReviewWords, of course: CourseID, by author: UserID, _ once: Once) async throws -> Review {
        if let known = try await once.made(in: database) {
            guard let review = try await store.find(ReviewID(validating: known), on: database) else {
                throw ReviewError.notFound
            }
            return review
        }
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

    /// Changes the author's own review. Does nothing when nothing changed.
    /// - Parameter isCurrent: whether a version is the one the author read; otherwise ``ReviewError/changedMeanwhile`` is thrown.
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

    /// Deletes a review.
    /// - Parameter author: the required author; nil for an administrator, who may delete any.
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

    /// The progress in the current enrolment. A known completion, which may be of an ended enrolment, counts only while the enrollment
    /// service is unavailable.
    private func progress(of user: UserID, in course: CourseID) async throws -> Progress {
        do {
            let target = "/internal/enrollments/of/\(user)/in/\(course)"
            let answer = try await client.get(.enrollment, target, as: EnrollmentAnswer.self)
            return Progress(enrollmentID: answer.enrollmentId, percent: answer.percent)
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            throw ReviewError.noProgress
        } catch let error as ServiceCallError where error.failureClass == .dependencyDown {
            guard let enrollment = try await store.findCompleted(by: user, in: course, on: database) else {
                throw error
            }
            return Progress(enrollmentID: enrollment, percent: 100)
        }
    }

    // MARK: Reading

    /// - Throws: ``ReviewError/notFound``.
    func find(_ id: ReviewID) async throws -> Review {
        guard let review = try await store.find(id, on: database) else { throw ReviewError.notFound }
        return review
    }

    /// The reviews of a course, newest first, and its rating.
    /// - Parameter reader: the person whose own review is added to the page; nil for none.
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

    /// Stores an enrolment, unless the person is erased. The completion event may arrive before the enrolment event.
    func noteEnrollment(
        _ id: EnrollmentID, of user: UserID, in course: CourseID, completedAt: Date? = nil, on tx: Transaction
    ) async throws {
        if try await store.people.lock(user, on: tx).isErased() { return }
        store.upsertEnrollment(id, of: user, in: course, completedAt: completedAt, on: tx)
    }

    /// Erases a person; their reviews are kept anonymously.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.erasePerson(user, at: time, on: tx)
    }
}

private struct EnrollmentAnswer: Decodable {
    let enrollmentId: EnrollmentID
    let percent: Double
}
