internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the service can do, one method a use case.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let now: @Sendable () -> Date
    private let store = Store()

    init(database: Database, outbox: Outbox, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// Applies a rule to an event: points in the ledger, a badge where the rule has one, and the word of it.
    ///
    /// Whoever comes twice, or for an erased person, changes nothing and says nothing.
    func award(_ rule: RuleCode, to user: UserID, because source: EventID, on tx: Transaction) async throws {
        let claim = Claim(rule, for: user, because: source, at: now())
        store.lockLearner(user, on: tx)
        guard let award = try await store.insertAward(claim, on: tx) else { return }
        try outbox.append(PointsAwarded(award, for: claim), on: tx)
        if let badge = award.badge { try outbox.append(BadgeEarned(badge, for: claim), on: tx) }
    }

    /// Forgets a person, and sees to it that what comes late for them finds nobody.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.deleteLearner(user, at: time, on: tx)
        store.deleteAwards(of: user, on: tx)
    }

    func standing(of user: UserID) async throws -> Standing {
        try await store.findStanding(of: user, on: database)
    }

    /// The newest first.
    func ledger(of user: UserID, _ page: PageRequest<PointsAwardID>) async throws -> Page<LedgerEntry> {
        let found = try await store.listLedger(
            of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        return Page(found, of: page, by: \.id)
    }
}

extension PointsAwarded {
    init(_ award: Award, for claim: Claim) {
        self.init(
            awardID: claim.awardID, userID: claim.userID, points: award.points, rule: claim.rule.rawValue,
            sourceEventID: claim.source, totalPoints: award.totalPoints, milestone: award.milestone,
            awardedAt: claim.at)
    }
}

extension BadgeEarned {
    init(_ badge: EarnedBadge, for claim: Claim) {
        self.init(
            awardID: claim.badgeAwardID, userID: claim.userID, badgeCode: badge.code, badgeName: badge.name,
            reason: badge.reason, earnedAt: claim.at)
    }
}
