internal import Contracts

/// A ledger row created for an occasion.
struct Award: Sendable, Equatable {
    var id: PointsAwardID
    var rule: String
    /// 0 when the rule's daily limit was reached.
    var points: Int32
    /// The learner's total after this award.
    var totalPoints: Int

    /// The milestone reached by this award.
    var milestone: Int? { Milestone.crossed(from: totalPoints - Int(points), to: totalPoints) }
}

/// A badge, and its award to the learner.
struct EarnedBadge: Sendable, Equatable {
    var id: BadgeAwardID
    var code: String
    var name: String
    var reason: String
    /// For a badge that can be earned once per course.
    var courseID: CourseID?
}
