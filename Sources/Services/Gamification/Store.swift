internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    // MARK: Awards

    /// Makes the learner known and locks their row: until the transaction ends, nothing else changes what they have.
    ///
    /// It is a statement of its own because the next one must see what the holder of the lock before us committed. Nobody waits
    /// for it: both go out in one flight.
    func lockLearner(_ user: UserID, on tx: Transaction) {
        tx.submit(
            """
            insert into learner (user_id) values (\(user.rawValue))
            on conflict (user_id) do update set user_id = excluded.user_id
            """)
    }

    /// Writes the ledger row of a claim, its badge, and the learner's new total. The learner is locked.
    /// - Returns: nil when there is nothing to give: it was given before, no such rule is active, the day's limit is reached, or
    ///   the person is erased.
    func insertAward(_ claim: Claim, on tx: Transaction) async throws -> Award? {
        let rows = try await tx.query(
            """
            with entry as (
                insert into points_award (id, user_id, rule, points, source_event_id, awarded_at)
                select \(claim.awardID.rawValue), l.user_id, r.code, r.points, \(claim.source.rawValue), \(claim.at)
                from rule r, learner l
                where r.code = \(claim.rule.rawValue) and r.is_active
                    and l.user_id = \(claim.userID.rawValue) and l.erased_at is null
                    and (r.points_per_day_max is null or r.points_per_day_max >= r.points + (
                        select coalesce(sum(p.points), 0) from points_award p
                        where p.user_id = l.user_id and p.rule = r.code
                            and p.awarded_at >= date_trunc('day', \(claim.at), 'UTC')))
                on conflict (source_event_id, rule) do nothing
                returning user_id, rule, points, source_event_id, awarded_at
            ), given as (
                insert into badge_award (id, user_id, badge_code, source_event_id, earned_at)
                select \(claim.badgeAwardID.rawValue), e.user_id, b.code, e.source_event_id, e.awarded_at
                from entry e join badge b on b.earned_by_rule = e.rule
                on conflict (user_id, badge_code) do nothing
                returning badge_code
            ), total as (
                update learner l set points = l.points + e.points, last_award_at = e.awarded_at
                from entry e where l.user_id = e.user_id
                returning e.points as given, l.points as total
            )
            select t.given, t.total, b.code, b.name, b.reason
            from total t left join (given g join badge b on b.code = g.badge_code) on true
            """)
        guard let row = rows.first else { return nil }
        let (points, total, code, name, reason) = try row.decode(
            Int32.self, Int.self, String?.self, String?.self, String?.self)
        var award = Award(points: points, totalPoints: total)
        if let code, let name, let reason { award.badge = EarnedBadge(code: code, name: name, reason: reason) }
        return award
    }

    // MARK: Erasure

    /// Leaves a tombstone in place of the learner, whether or not we had heard of them, and locks it.
    func deleteLearner(_ user: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into learner (user_id, erased_at) values (\(user.rawValue), \(time))
            on conflict (user_id) do update
            set points = 0, last_award_at = null, erased_at = coalesce(learner.erased_at, excluded.erased_at)
            """)
    }

    /// Removes the ledger and the badges. After ``deleteLearner(_:at:on:)``, which has waited for awards under way.
    func deleteAwards(of user: UserID, on tx: Transaction) {
        tx.submit("delete from points_award where user_id = \(user.rawValue)")
        tx.submit("delete from badge_award where user_id = \(user.rawValue)")
    }

    // MARK: Reading

    func findStanding(of user: UserID, on database: Database) async throws -> Standing {
        let rows = try await database.query(
            """
            select l.points, b.code, b.name, a.earned_at
            from learner l left join (badge_award a join badge b on b.code = a.badge_code) on a.user_id = l.user_id
            where l.user_id = \(user.rawValue)
            order by a.earned_at, b.code
            """)
        var standing = Standing.none
        for row in rows {
            let (points, code, name, earnedAt) = try row.decode(Int.self, String?.self, String?.self, Date?.self)
            standing.points = points
            if let code, let name, let earnedAt {
                standing.badges.append(HeldBadge(code: code, name: name, earnedAt: earnedAt))
            }
        }
        return standing
    }

    /// The newest first.
    /// - Parameter before: only rows older than this one.
    func listLedger(
        of user: UserID, before: PointsAwardID?, countMax: Int, on database: Database
    ) async throws -> [LedgerEntry] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select id, points, rule, source_event_id, awarded_at from points_award
            where user_id = \(user.rawValue) \(older) order by id desc limit \(countMax)
            """)
        return try rows.map { row in
            let (id, points, rule, source, awardedAt) = try row.decode(
                String.self, Int32.self, String.self, String.self, Date.self)
            return LedgerEntry(
                id: PointsAwardID(checked: id), points: points, rule: rule, source: EventID(checked: source),
                awardedAt: awardedAt)
        }
    }
}
