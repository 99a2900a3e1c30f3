import Contracts
@testable import Gamification
import Platform
import Postgres
import ServiceTesting
import Testing

@Suite struct AwardTests {
    @Test func `who registers gets points, a badge, and word goes out of both`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, registration = EventID.make(at: GamificationHub.time)
            try await hub.register(ada, registration)

            let told = try #require(try await hub.published(PointsAwarded.self).first?.data)
            #expect(told.userID == ada && told.points == 50 && told.totalPoints == 50 && told.milestone == nil)
            #expect(told.rule == "sign-up" && told.sourceEventID == registration)
            let badge = try #require(try await hub.published(BadgeEarned.self).first?.data)
            #expect(badge.userID == ada && badge.badgeCode == "NEWCOMER" && badge.badgeName == "Newcomer")
            #expect(try await hub.operations.standing(of: ada).points == 50)
            let ledger = try await hub.operations.ledger(of: ada, PageRequest(limit: 10)).items
            #expect(ledger.map(\.id) == [told.awardID] && ledger.map(\.source) == [registration])
        }
    }

    @Test func `a registration delivered twice counts once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, registration = EventID.make(at: GamificationHub.time)
            try await hub.register(ada, registration)
            try await hub.register(ada, registration)
            #expect(try await hub.operations.standing(of: ada).points == 50)
            #expect(try await hub.rowCount("points_award") == 1)
            #expect(try await hub.rowCount("badge_award") == 1)
            #expect(try await hub.published(PointsAwarded.self).count == 1)
            #expect(try await hub.published(BadgeEarned.self).count == 1)
        }
    }

    @Test func `a registration that is replayed counts no second time`() async throws {
        try await GamificationHub.with { hub in
            let registration = GamificationHub.registered(.new), id = EventID.make(at: GamificationHub.time)
            try await hub.deliver(registration, id: id)
            #expect(try await hub.deliver(registration, id: id, isReplay: true))
            #expect(try await hub.operations.standing(of: registration.userID).points == 50)
            #expect(try await hub.published(PointsAwarded.self).count == 1)
        }
    }

    @Test func `two events of a learner in one batch add up, and tell of it in order`() async throws {
        try await GamificationHub.with { hub in
            let learners = (0..<10).map { _ in UserID.new }
            let registrations = (learners + learners).map(GamificationHub.registered)
            #expect(try await hub.deliver(together: registrations) == 20)
            let awards = try await hub.published(PointsAwarded.self).map(\.data)
            for learner in learners {
                #expect(try await hub.operations.standing(of: learner).points == 100)
                #expect(awards.filter { $0.userID == learner }.map(\.totalPoints) == [50, 100])
                #expect(awards.filter { $0.userID == learner }.map(\.milestone) == [nil, 100])
            }
            #expect(try await hub.published(BadgeEarned.self).count == 10)
        }
    }

    @Test func `a learner who registers and is erased in one batch has nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, erasure = UserDeleted(userID: ada, deletedAt: GamificationHub.time)
            try await hub.deliver(together: [GamificationHub.registered(ada), erasure, GamificationHub.registered(ada)])
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("points_award") == 0)
            #expect(try await hub.published(PointsAwarded.self).count == 1)
        }
    }

    @Test func `one event gives points by several rules, each once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, source = EventID.make(at: GamificationHub.time)
            let pass = try await hub.addRule("pass", points: 20), perfect = try await hub.addRule("perfect", points: 5)
            for rule in [pass, perfect, pass] { try await hub.award(rule, to: ada, because: source) }
            #expect(try await hub.operations.standing(of: ada).points == 25)
        }
    }

    @Test func `a badge is earned once, whatever earns it again`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.award(.signUp, to: ada)
            try await hub.award(.signUp, to: ada)
            #expect(try await hub.operations.standing(of: ada).badges.map(\.code) == ["NEWCOMER"])
            #expect(try await hub.published(BadgeEarned.self).count == 1)
            #expect(try await hub.published(PointsAwarded.self).map(\.data.totalPoints) == [50, 100])
        }
    }

    @Test func `a rule that is off, and one that does not exist, give nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.award(try await hub.addRule("off", points: 20, isActive: false), to: ada)
            try await hub.award(RuleCode(rawValue: "nobody-knows"), to: ada)
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    @Test func `a day's limit holds, for each learner and rule`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            let capped = try await hub.addRule("capped", points: 10, perDay: 25)
            for _ in 0..<4 { try await hub.award(capped, to: ada) }
            try await hub.award(.signUp, to: ada)
            try await hub.award(capped, to: eve)
            #expect(try await hub.operations.standing(of: ada).points == 70)
            #expect(try await hub.operations.standing(of: eve).points == 10)
            try await hub.database.execute("update points_award set awarded_at = awarded_at - interval '1 day'")
            try await hub.award(capped, to: ada)
            #expect(try await hub.operations.standing(of: ada).points == 80)
        }
    }

    @Test func `a day's limit holds against awards that come at once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            let capped = try await hub.addRule("capped", points: 10, perDay: 30)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { try await hub.award(capped, to: ada) } }
                try await group.waitForAll()
            }
            #expect(try await hub.operations.standing(of: ada).points == 30)
        }
    }

    @Test func `awards that come at once lose no point and tell of each milestone once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            let rule = try await hub.addRule("step", points: 30)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { try await hub.award(rule, to: ada) } }
                try await group.waitForAll()
            }
            #expect(try await hub.operations.standing(of: ada).points == 1_200)
            let told = try await hub.published(PointsAwarded.self).map(\.data)
            let totals = told.map(\.totalPoints).sorted(), milestones = told.compactMap(\.milestone).sorted()
            #expect(totals == (1...40).map { $0 * 30 })
            #expect(milestones == [100, 500, 1_000])
        }
    }

    @Test func `a failed transaction leaves neither points nor word of them`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await #require(throws: Interrupted.self) {
                try await hub.database.transaction { tx in
                    try await hub.operations.award(.signUp, to: ada, because: .make(at: GamificationHub.time), on: tx)
                    throw Interrupted()
                }
            }
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    private struct Interrupted: Error {}
}
