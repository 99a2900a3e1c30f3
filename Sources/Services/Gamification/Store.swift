internal import Contracts
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    let people = People(table: "learner")

    // MARK: Awards

    /// Inserts the ledger rows of the matching active rules, and updates the total. Locks the learner.
    /// - Returns: empty when there is nothing to award: the object was already rewarded, no rule matches, or the person is erased.
    func insertAwards(
        for occasion: Occasion, because source: EventID, ids: [PointsAwardID], at time: Date, on tx: Transaction
    ) async throws -> [Award] {
        let rows = try await tx.query(
            """
            with due as (
                select r.code, row_number() over (order by r.percent_min nulls first, r.code) as number,
                    case when r.points_per_day_max < r.points + (
                        select coalesce(sum(p.points), 0) from points_award p
                        where p.user_id = l.user_id and p.rule = r.code
                            and p.awarded_at >= date_trunc('day', \(time), 'UTC'))
                    then 0 else r.points end as points
                from rule r, learner l
                where r.occasion = \(occasion.kind.rawValue) and r.is_active
                    and (r.percent_min is null or r.percent_min <= \(occasion.percent as Double?))
                    and l.user_id = \(occasion.userID.rawValue) and l.erased_at is null
                    and not exists (
                        select from points_award p
                        where p.user_id = l.user_id and p.rule = r.code and p.subject = \(occasion.subject))
                order by number limit \(ids.count)
            ), entry as (
                insert into points_award (id, user_id, rule, subject, points, source_event_id, awarded_at)
                select (\(ids.map(\.rawValue)))[number], \(occasion.userID.rawValue), code, \(occasion.subject), points,
                    \(source.rawValue), \(time)
                from due
                returning id, rule, points
            ), total as (
                update learner set points = points + (select sum(points) from due), last_award_at = \(time)
                where user_id = \(occasion.userID.rawValue) and exists (select from due)
                returning points
            )
            select e.id, e.rule, e.points,
                t.points - sum(e.points) over () + sum(e.points) over (order by e.id) as total_points
            from entry e, total t order by e.id
            """)
        return try rows.map { row in
            let (id, rule, points, total) = try row.decode(String.self, String.self, Int32.self, Int.self)
            return Award(id: PointsAwardID(checked: id), rule: rule, points: points, totalPoints: total)
        }
    }

    /// Awards the badges that are due after awards of the given rules, the easier ones first. The learner is locked.
    /// - Parameter course: the course of the awards, for badges that can be earned once per course.
    func insertBadges(
        for rules: [String], to user: UserID, in course: CourseID?, because source: EventID, ids: [BadgeAwardID],
        at time: Date, on tx: Transaction
    ) async throws -> [EarnedBadge] {
        let rows = try await tx.query(
            """
            with earned as (
                select b.code, c.course_id, row_number() over (order by b.award_count_min, b.code) as number
                from badge b, lateral (select case when b.is_per_course then \(course?.rawValue as String?) end) c (course_id)
                where b.earned_by_rule = any(\(rules))
                    and b.award_count_min <= (
                        select count(*) from points_award p
                        where p.user_id = \(user.rawValue) and p.rule = b.earned_by_rule)
                    and not exists (
                        select from badge_award a
                        where a.user_id = \(user.rawValue) and a.badge_code = b.code
                            and a.course_id is not distinct from c.course_id)
                order by number limit \(ids.count)
            ), given as (
                insert into badge_award (id, user_id, badge_code, course_id, source_event_id, earned_at)
                select (\(ids.map(\.rawValue)))[number], \(user.rawValue), code, course_id, \(source.rawValue), \(time)
                from earned
                returning id, badge_code, course_id
            )
            select g.id, b.code, b.name, b.reason, g.course_id
            from given g join badge b on b.code = g.badge_code order by g.id
            """)
        return try rows.map { row in
            let (id, code, name, reason, course) = try row.decode(
                String.self, String.self, String.self, String.self, String?.self)
            return EarnedBadge(
                id: BadgeAwardID(checked: id), code: code, name: name, reason: reason,
                courseID: course.map(CourseID.init(checked:)))
        }
    }

    // MARK: Erasure

    /// Replaces the learner with a tombstone, also if unknown, and locks it.
    func deleteLearner(_ user: UserID, at time: Date, on tx: Transaction) {
        people.erase(user, at: time, on: tx)
        tx.submit("update learner set points = 0, last_award_at = null where user_id = \(user.rawValue)")
    }

    /// Deletes the ledger and the badges. Call after ``deleteLearner(_:at:on:)``, which waits for running awards.
    func deleteAwards(of user: UserID, on tx: Transaction) {
        tx.submit("delete from points_award where user_id = \(user.rawValue)")
        tx.submit("delete from badge_award where user_id = \(user.rawValue)")
    }

    // MARK: Reading

    func findStanding(of user: UserID, on database: Database) async throws -> Standing {
        let rows = try await database.query(
            """
            select l.points, b.code, b.name, a.course_id, a.earned_at
            from learner l left join (badge_award a join badge b on b.code = a.badge_code) on a.user_id = l.user_id
            where l.user_id = \(user.rawValue)
            order by a.earned_at, a.id
            """)
        var standing = Standing.none
        for row in rows {
            let (points, code, name, course, earnedAt) = try row.decode(
                Int.self, String?.self, String?.self, String?.self, Date?.self)
            standing.points = points
            if let code, let name, let earnedAt {
                let courseID = course.map(CourseID.init(checked:))
                standing.badges.append(HeldBadge(code: code, name: name, courseID: courseID, earnedAt: earnedAt))
            }
        }
        return standing
    }

    /// A learner's ledger, newest first.
    /// - Parameter before: only rows older than this one.
    func listLedger(
        of user: UserID, before: PointsAwardID?, countMax: Int, on database: Database
    ) async throws -> [LedgerEntry] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select id, points, rule, source_event_id, awarded_at from points_award
            where user_id = \(user.rawValue) and points <> 0 \(older) order by id desc limit \(countMax)
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
