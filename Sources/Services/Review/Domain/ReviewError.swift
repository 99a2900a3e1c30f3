/// Why an operation on reviews was refused.
enum ReviewError: Error, Sendable, Equatable {
    case notFound
    /// The review is somebody else's.
    case notAllowed
    /// The course has been begun too little, or not at all.
    case noProgress
    /// There is a review of this enrolment.
    case alreadyReviewed
    /// The review is not what the caller saw last.
    case changedMeanwhile
}
