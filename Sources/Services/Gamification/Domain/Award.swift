internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What an event may earn: the rule that is to be applied, to whom and because of what. The rule itself says how much.
struct Claim: Sendable {
    var rule: RuleCode
    var userID: UserID
    /// One rule gives points for one event once.
    var source: EventID
    var at: Date
    /// The id of the ledger row, should there be one.
    var awardID: PointsAwardID
    /// The id of the badge's row, should the rule give one.
    var badgeAwardID: BadgeAwardID

    init(_ rule: RuleCode, for userID: UserID, because source: EventID, at time: Date) {
        self.rule = rule
        self.userID = userID
        self.source = source
        at = time
        awardID = PointsAwardID.make(at: time)
        badgeAwardID = BadgeAwardID.make(at: time)
    }
}

/// The name of a rule, as the table of rules and the ledger have it. How many points it gives stands in the table.
struct RuleCode: RawRepresentable, Hashable, Sendable {
    let rawValue: String

    static let signUp = RuleCode(rawValue: "sign-up")
}

/// What a claim came to: points in the ledger, and perhaps a badge.
struct Award: Sendable, Equatable {
    var points: Int32
    /// The learner's points after it.
    var totalPoints: Int
    var badge: EarnedBadge?

    /// The milestone it reached.
    var milestone: Int? { Milestone.crossed(from: totalPoints - Int(points), to: totalPoints) }
}

/// A badge as its table has it.
struct EarnedBadge: Sendable, Equatable {
    var code: String
    var name: String
    var reason: String
}
