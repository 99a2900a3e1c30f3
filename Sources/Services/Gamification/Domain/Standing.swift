internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's points, level and badges.
struct Standing: Sendable, Equatable {
    var points: Int
    /// In the order in which they were earned.
    var badges: [HeldBadge]

    /// For a learner without awards, or an unknown one.
    static let none = Standing(points: 0, badges: [])

    var level: Level { Level(points: points) }
}

struct HeldBadge: Sendable, Equatable {
    var code: String
    var name: String
    /// The course, for a badge that can be earned once per course.
    var courseID: CourseID?
    var earnedAt: Date
}

/// A ledger row.
struct LedgerEntry: Sendable, Equatable {
    var id: PointsAwardID
    var points: Int32
    var rule: String
    var source: EventID
    var awardedAt: Date
}
