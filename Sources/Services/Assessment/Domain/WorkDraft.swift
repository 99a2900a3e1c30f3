internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A work as an instructor submits it, without ids.
struct WorkDraft: Sendable {
    enum Form: Sendable {
        case quiz([QuestionDraft], attemptsMax: Int?)
        case assignment(maxScore: Double, instructions: String?)
    }
    let title: String
    let lessonID: LessonID?
    let passPercent: Double
    let form: Form

    func work(in course: CourseID, at time: Date) -> Work {
        switch form {
        case .quiz(let drafts, let attemptsMax):
            let questions = drafts.map { $0.question(at: time) }
            return Work(
                id: GradedWorkID(QuizID.make(at: time)), courseID: course, lessonID: lessonID, title: title,
                maxScore: questions.reduce(0) { $0 + $1.points }, passPercent: passPercent, attemptsMax: attemptsMax,
                form: .quiz(questions), createdAt: time)
        case .assignment(let maxScore, let instructions):
            return Work(
                id: GradedWorkID(AssignmentID.make(at: time)), courseID: course, lessonID: lessonID, title: title,
                maxScore: maxScore, passPercent: passPercent, attemptsMax: nil,
                form: .assignment(instructions: instructions), createdAt: time)
        }
    }
}

struct QuestionDraft: Sendable {
    let kind: QuestionKind
    let text: String
    let points: Double
    let options: [OptionDraft]

    /// Why the options are invalid; nil when they are valid.
    var complaint: String? {
        let correctCount = options.filter(\.isCorrect).count
        return switch kind {
        case .single where correctCount != 1: "must have exactly one correct option"
        case .trueFalse where options.count != 2 || correctCount != 1: "must be two, one of them correct"
        case .multiple where correctCount == 0: "must have a correct option"
        default: nil
        }
    }

    func question(at time: Date) -> Question {
        Question(
            id: .make(at: time), kind: kind, text: text, points: points,
            options: options.map { Question.Option(id: .make(at: time), text: $0.text, isCorrect: $0.isCorrect) })
    }
}

struct OptionDraft: Sendable {
    let text: String
    let isCorrect: Bool
}
