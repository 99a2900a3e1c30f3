/// The ratings of a course.
struct RatingSummary: Sendable, Equatable {
    /// The number of reviews with one to five stars.
    let counts: [Int]

    static let none = RatingSummary(counts: ReviewWords.ratings.map { _ in 0 })

    var count: Int { counts.reduce(0, +) }

    /// Rounded to two decimals; nil without reviews.
    var average: Double? {
        guard count > 0 else { return nil }
        let stars = zip(ReviewWords.ratings, counts).reduce(0) { $0 + $1.0 * $1.1 }
        return (Double(stars) / Double(count) * 100).rounded() / 100
    }

    /// Keyed by the number of stars as text.
    var histogram: [String: Int] {
        Dictionary(zip(ReviewWords.ratings.map(String.init), counts)) { first, _ in first }
    }
}
