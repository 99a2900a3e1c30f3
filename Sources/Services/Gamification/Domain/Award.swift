internal import Contracts

/// A row of the ledger that an occasion came to.
struct Award: Sendable, Equatable {
    var id: PointsAwardID
    var rule: String
    /// 0 when the day's limit of the rule was reached.
    var points: Int32
    /// The learner's points after it.
    var totalPoints: Int

    /// The milestone it reached.
    var milestone: Int? { Milestone.crossed(from: totalPoints - Int(points), to: totalPoints) }
}

/// A badge as its table has it, and the row that says who has it.
struct EarnedBadge: Sendable, Equatable {
    var id: BadgeAwardID
    var code: String
    var name: String
    var reason: String
    /// For a badge that is earned in each course anew.
    var courseID: CourseID?
}
