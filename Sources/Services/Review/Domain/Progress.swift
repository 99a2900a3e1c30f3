internal import Contracts

/// How far a learner has come in a course.
struct Progress: Sendable, Equatable {
    /// Who has done less than this knows too little of a course to judge it.
    static let percentMin = 10.0

    let enrollmentID: EnrollmentID
    /// From 0 to 100.
    let percent: Double

    /// - Throws: ``ReviewError/noProgress``.
    func checkMayReview() throws(ReviewError) {
        if percent < Self.percentMin { throw .noProgress }
    }
}
