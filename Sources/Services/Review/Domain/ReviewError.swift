/// Why an operation on reviews was refused.
enum ReviewError: Error, Sendable, Equatable {
    case notFound
    /// The review belongs to another person.
    case notAllowed
    /// The learner's progress in the course is too low.
    case noProgress
    /// The enrolment already has a review.
    case alreadyReviewed
    /// The review changed after the caller read it.
    case changedMeanwhile
}
