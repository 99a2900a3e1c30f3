/// Milestones: 100, 500, 1,000, 5,000, 10,000 and so on.
enum Milestone {
    private static let largest = 1_000_000_000

    /// The highest milestone between `before` and `after` points; nil when there is none, or when points decrease.
    static func crossed(from before: Int, to after: Int) -> Int? {
        all.last { before < $0 && $0 <= after }
    }

    private static let all: [Int] = {
        var milestones: [Int] = []
        var step = 100
        while step <= largest {
            milestones += [step, step * 5]
            step *= 10
        }
        return milestones
    }()
}
