internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What learners of a course hand in and are graded for.
struct Work: Sendable, Equatable, Identifiable {
    let id: GradedWorkID
    let courseID: CourseID
    /// The lesson that a passing grade completes.
    let lessonID: LessonID?
    let title: String
    let maxScore: Double
    /// The pass mark, in percent of the maximum.
    let passPercent: Double
    /// How often one learner may hand in; nil for any number of times.
    let attemptsMax: Int?
    let form: Form
    let createdAt: Date

    /// What is asked for.
    enum Form: Sendable, Equatable {
        case quiz([Question])
        case assignment(instructions: String?)
    }

    var kind: GradedWorkKind {
        switch form {
        case .quiz: .quiz
        case .assignment: .assignment
        }
    }

    /// Empty for an assignment.
    var questions: [Question] { if case .quiz(let questions) = form { questions } else { [] } }

    /// - Parameter score: from 0 to the maximum.
    func grade(_ score: Double, _ feedback: String?, at time: Date) throws(AssessmentError) -> Grade {
        guard (0...maxScore).contains(score) else { throw .scoreOutOfRange(max: maxScore) }
        let percent = maxScore > 0 ? score / maxScore * 100 : 0
        return Grade(
            score: score, percent: percent, isPassed: percent >= passPercent, feedback: feedback, gradedAt: time)
    }

    /// The points of a quiz: those of each question that is answered exactly right.
    func score(of answers: [Answer]) throws(AssessmentError) -> Double {
        var score: Double = 0
        var answered: Set<QuestionID> = []
        for answer in answers {
            guard let question = questions.first(where: { $0.id == answer.questionID }) else {
                throw .unacceptableAnswer("names a question that the quiz does not have")
            }
            guard answered.insert(question.id).inserted else {
                throw .unacceptableAnswer("answers a question twice")
            }
            if try question.isRight(answer) { score += question.points }
        }
        return score
    }

    /// Where the API shows it.
    var path: String { kind == .quiz ? "/quizzes/\(id)" : "/assignments/\(id)" }
}
