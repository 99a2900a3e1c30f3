/// Why an operation on enrolments was refused.
enum EnrollmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No such enrolment, or none the caller may know of.
    case notFound
    /// The learner has an enrolment in the course, or a place is kept for them.
    case alreadyEnrolled
    /// The enrolment has ended, or is not paid for.
    case notActive
    /// The lesson is completed by a grade alone.
    case gradedLesson
    /// The course has no such lesson.
    case unknownLesson

    var description: String {
        switch self {
        case .notFound: "there is no such enrolment"
        case .alreadyEnrolled: "the learner is enrolled in the course already"
        case .notActive: "the enrolment is not active"
        case .gradedLesson: "a grade completes this lesson"
        case .unknownLesson: "the course has no such lesson"
        }
    }
}
