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

    /// Rows that one event adds to the ledger, at most, and badges that it brings.
    private static let awardCountMax = 8

    init(database: Database, outbox: Outbox, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// Applies the rules of an occasion: points in the ledger, badges where they are due, and the word of it.
    ///
    /// What was rewarded before, and an erased person, change nothing and nothing is said.
    func reward(_ occasion: Occasion, because source: EventID, on tx: Transaction) async throws {
        let (user, time) = (occasion.userID, now())
        store.people.lock(user, on: tx)
        let awards = try await store.insertAwards(
            for: occasion, because: source, ids: ids(at: time), at: time, on: tx)
        if awards.isEmpty { return }
        let badges = try await store.insertBadges(
            for: awards.map(\.rule), to: user, in: occasion.courseID, because: source, ids: ids(at: time), at: time,
            on: tx)
        for award in awards where award.points != 0 {
            try outbox.append(PointsAwarded(award, to: user, because: source, at: time), on: tx)
        }
        for badge in badges { try outbox.append(BadgeEarned(badge, by: user, at: time), on: tx) }
    }

    /// What one event comes to has its ids from here, in order; more of a kind than there are ids is not given.
    private func ids<ID: HubID>(at time: Date) -> [ID] { (0..<Self.awardCountMax).map { _ in ID.make(at: time) } }

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
    init(_ award: Award, to user: UserID, because source: EventID, at time: Date) {
        self.init(
            awardID: award.id, userID: user, points: award.points, rule: award.rule, sourceEventID: source,
            totalPoints: award.totalPoints, milestone: award.milestone, awardedAt: time)
    }
}

extension BadgeEarned {
    init(_ badge: EarnedBadge, by user: UserID, at time: Date) {
        self.init(
            awardID: badge.id, userID: user, badgeCode: badge.code, badgeName: badge.name, courseID: badge.courseID,
            reason: badge.reason, earnedAt: time)
    }
}
