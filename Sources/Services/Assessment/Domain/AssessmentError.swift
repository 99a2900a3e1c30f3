/// Why an operation on works and submissions was refused.
enum AssessmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No such thing, or none the caller may know of.
    case notFound
    /// The caller has no active enrolment in the course.
    case noAccess
    /// The learner has handed in as often as the work allows.
    case noAttemptsLeft
    /// The course has no lesson of this id and the work's kind.
    case unknownLesson
    /// The message follows the field's name: "answers".
    case unacceptableAnswer(String)
    case scoreOutOfRange(max: Double)
    /// Somebody graded it since the caller saw it.
    case changedMeanwhile

    var description: String {
        switch self {
        case .notFound: "there is no such work or submission"
        case .noAccess: "the learner is not enrolled in the course"
        case .noAttemptsLeft: "no attempts are left"
        case .unknownLesson: "the course has no such lesson of this kind"
        case .unacceptableAnswer(let message): "an answer \(message)"
        case .scoreOutOfRange(let max): "the score is not from 0 to \(max)"
        case .changedMeanwhile: "the submission was graded meanwhile"
        }
    }
}
