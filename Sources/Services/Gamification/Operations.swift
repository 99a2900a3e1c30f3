internal import Contracts
internal import Messaging
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The service's use cases, one method each.
struct Operations: Sendable {
    let database: Database
    let outbox: Outbox
    let now: @Sendable () -> Date
    private let store = Store()

    /// The maximum number of ledger rows, and of badges, per event.
    private static let awardCountMax = 8

    init(database: Database, outbox: Outbox, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// Applies the rules to an occasion: adds points and badges, and sends events.
    ///
    /// An occasion that was already rewarded, or an erased person, changes nothing and sends no events.
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

    /// Ids reserved for the results of one event, in order; results beyond their number are dropped.
    private func ids<ID: HubID>(at time: Date) -> [ID] { (0..<Self.awardCountMax).map { _ in ID.make(at: time) } }

    /// Erases a person; a tombstone stops late events.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.deleteLearner(user, at: time, on: tx)
        store.deleteAwards(of: user, on: tx)
    }

    func standing(of user: UserID) async throws -> Standing {
        try await store.findStanding(of: user, on: database)
    }

    /// Newest first.
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
