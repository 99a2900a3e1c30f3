/// Why an operation on works and submissions was refused.
enum AssessmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The object does not exist, or the caller may not know of it.
    case notFound
    /// The caller has no active enrolment in the course.
    case noAccess
    /// The learner has used all attempts.
    case noAttemptsLeft
    /// The course has no lesson with this id and the work's kind.
    case unknownLesson
    /// The message follows the field's name: "answers".
    case unacceptableAnswer(String)
    case scoreOutOfRange(max: Double)
    /// Another grade was stored after the caller read the submission.
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
