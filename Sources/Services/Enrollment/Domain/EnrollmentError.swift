/// Why an operation on enrolments was refused.
enum EnrollmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The enrolment does not exist, or the caller may not know of it.
    case notFound
    /// The learner already has an enrolment or a reservation in the course.
    case alreadyEnrolled
    /// The enrolment has ended, or is not paid.
    case notActive
    /// Only a grade completes the lesson.
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
