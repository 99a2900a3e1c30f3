internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A quiz or an assignment of a course.
struct Work: Sendable, Equatable, Identifiable {
    let id: GradedWorkID
    let courseID: CourseID
    /// The lesson completed by a passing grade.
    let lessonID: LessonID?
    let title: String
    let maxScore: Double
    /// The pass mark in percent of the maximum score.
    let passPercent: Double
    /// How many attempts a learner has; nil for ``Limits/attempts``.
    let attemptsMax: Int?
    let form: Form
    let createdAt: Date

    /// The content of the work.
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

    /// - Parameter score: from 0 to the maximum score.
    func grade(_ score: Double, _ feedback: String?, at time: Date) throws(AssessmentError) -> Grade {
        guard (0...maxScore).contains(score) else { throw .scoreOutOfRange(max: maxScore) }
        let percent = percent(of: score)
        return Grade(
            score: score, percent: percent, isPassed: percent >= passPercent, feedback: feedback, gradedAt: time)
    }

    /// Both scores are rounded to integers of millionths, so that the quotient is exact whenever it can be: in floating point a sum of
    /// decimals has an error, and a score that equals the pass mark could be below it.
    private func percent(of score: Double) -> Double {
        let unitsPerPoint = 1_000_000.0
        return maxScore > 0 ? (score * unitsPerPoint).rounded() * 100 / (maxScore * unitsPerPoint).rounded() : 0
    }

    /// The score of a quiz: the sum of the points of all correctly answered questions. It is summed in the order of the questions, like
    /// the maximum score, because the order changes the error of the sum.
    func score(of answers: [Answer]) throws(AssessmentError) -> Double {
        var answered: Set<QuestionID> = []
        var right: Set<QuestionID> = []
        for answer in answers {
            guard let question = questions.first(where: { $0.id == answer.questionID }) else {
                throw .unacceptableAnswer("names a question that the quiz does not have")
            }
            guard answered.insert(question.id).inserted else {
                throw .unacceptableAnswer("answers a question twice")
            }
            if try question.isRight(answer) { right.insert(question.id) }
        }
        return questions.reduce(0) { right.contains($1.id) ? $0 + $1.points : $0 }
    }

    /// The path in the API.
    var path: String { kind == .quiz ? "/quizzes/\(id)" : "/assignments/\(id)" }
}
