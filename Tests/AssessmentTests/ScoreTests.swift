@testable import Assessment
import Contracts
import HubTesting
import Testing

@Suite struct ScoreTests {
    /// A quiz with a question for each of the points.
    private func quiz(_ points: [Double], passPercent: Double) -> Work {
        let drafts = points.map { points in
            QuestionDraft(
                kind: .trueFalse, text: "?", points: points,
                options: [OptionDraft(text: "Yes", isCorrect: true), OptionDraft(text: "No", isCorrect: false)])
        }
        return WorkDraft(
            title: "A", lessonID: nil, passPercent: passPercent, form: .quiz(drafts, attemptsMax: nil)
        ).work(in: .new, at: TestClock().now)
    }

    /// The grade when these questions are answered correctly, in this order.
    private func grade(_ quiz: Work, _ places: [Int]) throws -> Grade {
        let answers = places.map { place in
            let question = quiz.questions[place]
            return Answer(questionID: question.id, optionIDs: question.options.filter(\.isCorrect).map(\.id))
        }
        return try quiz.grade(quiz.score(of: answers), nil, at: TestClock().now)
    }

    @Test(arguments: [[0.5, 0.7, 0.6], [0.5, 0.6, 0.7]], [[0, 1, 2], [0, 2, 1], [1, 2, 0], [2, 1, 0]])
    func `all correct answers are 100 percent, in any order`(points: [Double], order: [Int]) throws {
        let grade = try grade(quiz(points, passPercent: 100), order)
        #expect(grade.percent == 100 && grade.isPassed)
    }

    @Test(arguments: [1.0, 20, 100, 300, 10_000])
    func `a score that equals the pass mark passes, and each whole percent is exact`(maxScore: Double) throws {
        for percent in 0...100 {
            let draft = WorkDraft(
                title: "A", lessonID: nil, passPercent: Double(percent),
                form: .assignment(maxScore: maxScore, instructions: nil))
            let work = draft.work(in: .new, at: TestClock().now)
            let grade = try work.grade(maxScore * Double(percent) / 100, nil, at: TestClock().now)
            #expect(grade.percent == Double(percent) && grade.isPassed)
        }
    }

    @Test(
        arguments: [
            ([0.5, 0.6, 1.3], [1], 25.0), ([0.6, 0.6, 1.2], [0, 2], 75), ([0.6, 0.7, 1.2], [0, 1], 52),
            ([0.625, 0.625], [0], 50),
        ] as [([Double], [Int], Double)])
    func `a sum of decimal points that equals the pass mark passes`(points: [Double], right: [Int], percent: Double)
        throws
    {
        let grade = try grade(quiz(points, passPercent: percent), right)
        #expect(grade.percent == percent && grade.isPassed)
    }

    @Test func `a score below the pass mark does not pass`() throws {
        let grade = try grade(quiz([999.999, 0.5], passPercent: 100), [0])
        #expect(grade.percent < 100 && !grade.isPassed)
    }
}
