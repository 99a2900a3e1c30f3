internal import Contracts

/// A learner's progress in a course.
struct Progress: Sendable, Equatable {
    /// The minimum progress for writing a review.
    static let percentMin = 10.0

    let enrollmentID: EnrollmentID
    /// From 0 to 100.
    let percent: Double

    /// - Throws: ``ReviewError/noProgress``.
    func checkMayReview() throws(ReviewError) {
        if percent < Self.percentMin { throw .noProgress }
    }
}
