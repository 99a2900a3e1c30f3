/// The limits of the service.
enum Limits {
    static let titleLength = 1...200
    static let questionCount = 1...200
    static let questionTextLength = 1...2_000
    static let optionCount = 2...20
    static let optionTextLength = 1...500
    static let points = 0.5...1_000
    static let maxScore = 1.0...10_000
    /// The upper bound also holds for quizzes without a limit of their own, and for assignments.
    static let attempts = 1...100
    static let instructionsLength = 1...20_000
    static let textLength = 1...100_000
    static let feedbackLength = 1...10_000
    /// Fits the longest expected quiz, and a text of that length in any script.
    static let bodyBytesMax = 512 * 1024
    /// The default pass mark of an assignment, in percent.
    static let passPercentDefault: Double = 50
    static let percent = 0.0...100
}
