internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Where a learner stands.
struct Standing: Sendable, Equatable {
    var points: Int
    /// In the order they were earned.
    var badges: [HeldBadge]

    /// Whoever has done nothing yet, and whoever we have not heard of yet.
    static let none = Standing(points: 0, badges: [])

    var level: Level { Level(points: points) }
}

struct HeldBadge: Sendable, Equatable {
    var code: String
    var name: String
    /// The course it was earned in, for a badge that is earned in each course anew.
    var courseID: CourseID?
    var earnedAt: Date
}

/// A row of the ledger.
struct LedgerEntry: Sendable, Equatable {
    var id: PointsAwardID
    var points: Int32
    var rule: String
    var source: EventID
    var awardedAt: Date
}
