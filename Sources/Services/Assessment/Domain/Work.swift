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
    /// How many attempts a learner has; nil for no limit.
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
        let percent = maxScore > 0 ? score / maxScore * 100 : 0
        return Grade(
            score: score, percent: percent, isPassed: percent >= passPercent, feedback: feedback, gradedAt: time)
    }

    /// The score of a quiz: the sum of the points of all correctly answered questions.
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

    /// The path in the API.
    var path: String { kind == .quiz ? "/quizzes/\(id)" : "/assignments/\(id)" }
}
