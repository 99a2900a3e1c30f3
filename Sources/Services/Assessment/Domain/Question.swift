internal import Contracts

/// A question of a quiz.
struct Question: Sendable, Equatable, Codable {
    let id: QuestionID
    let kind: QuestionKind
    let text: String
    let points: Double
    let options: [Option]

    struct Option: Sendable, Equatable, Codable {
        let id: OptionID
        let text: String
        let isCorrect: Bool
    }

    /// Whether the chosen options are exactly the correct ones.
    func isRight(_ answer: Answer) throws(AssessmentError) -> Bool {
        let chosen = Set(answer.optionIDs)
        guard chosen.isSubset(of: options.map(\.id)) else {
            throw .unacceptableAnswer("chooses an option that the question does not have")
        }
        return chosen == Set(options.filter(\.isCorrect).map(\.id))
    }
}

enum QuestionKind: String, CaseIterable, Sendable, Codable {
    case single = "SINGLE"
    case multiple = "MULTIPLE"
    case trueFalse = "TRUE_FALSE"
}

/// A learner's choice.
struct Answer: Sendable, Equatable, Codable {
    let questionID: QuestionID
    let optionIDs: [OptionID]
}
