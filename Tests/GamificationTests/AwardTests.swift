import Contracts
@testable import Gamification
import Platform
import Postgres
import ServiceTesting
import Testing

@Suite struct AwardTests {
    @Test func `a registration gives points and a badge, and publishes both`() async throws {
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

    @Test func `a replayed registration does not count again`() async throws {
        try await GamificationHub.with { hub in
            let registration = GamificationHub.registered(.new), id = EventID.make(at: GamificationHub.time)
            try await hub.deliver(registration, id: id)
            #expect(try await hub.deliver(registration, id: id, isReplay: true))
            #expect(try await hub.operations.standing(of: registration.userID).points == 50)
            #expect(try await hub.published(PointsAwarded.self).count == 1)
        }
    }

    @Test func `two events of a learner in one batch add up, and publish in order`() async throws {
        try await GamificationHub.with { hub in
            let learners = (0..<10).map { _ in UserID.new }
            try await hub.setRule("begun", on: .enrollment, points: 60)
            let enrollments = (learners + learners).map { GamificationHub.enrolled($0) }
            #expect(try await hub.deliver(together: enrollments) == 20)
            let awards = try await hub.published(PointsAwarded.self).map(\.data)
            for learner in learners {
                #expect(try await hub.total(of: learner) == 120)
                #expect(awards.filter { $0.userID == learner }.map(\.totalPoints) == [60, 120])
                #expect(awards.filter { $0.userID == learner }.map(\.milestone) == [nil, 100])
            }
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

    @Test func `one event gives points by several rules, the lesser first, each once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            for _ in 1...2 { try await hub.reward(ada, subject: "quz_1", percent: 100) }
            #expect(try await hub.awards(of: ada) == ["quiz-passed 20", "quiz-perfect 10"])
            #expect(try await hub.published(PointsAwarded.self).map(\.data.totalPoints) == [20, 30])
            #expect(try await hub.total(of: ada) == 30)
        }
    }

    @Test func `an action is rewarded once per learner, for any number of events`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            for learner in [ada, ada, eve] {
                try await hub.reward(learner, subject: "quz_1", percent: 80, because: .make(at: GamificationHub.time))
            }
            #expect(try await hub.total(of: ada) == 20)
            #expect(try await hub.total(of: eve) == 20)
        }
    }

    @Test func `a disabled rule, and an occasion without rules, give nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.setRule("off", points: 20, isActive: false)
            try await hub.reward(ada, percent: 100)
            try await hub.database.execute("update rule set occasion = 'nothing' where occasion = 'assignment'")
            try await hub.reward(ada, .assignment, percent: 100)
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    @Test func `a daily limit applies to each learner and rule`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            try await hub.setRule("capped", points: 10, perDay: 25)
            for _ in 0..<4 { try await hub.reward(ada) }
            try await hub.register(ada)
            try await hub.reward(eve)
            #expect(try await hub.total(of: ada) == 70)
            #expect(try await hub.total(of: eve) == 10)
            try await hub.database.execute("update points_award set awarded_at = awarded_at - interval '1 day'")
            try await hub.reward(ada)
            #expect(try await hub.total(of: ada) == 80)
        }
    }

    @Test func `awards beyond a daily limit are not published, and count for badges`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.database.execute("update rule set points_per_day_max = 100 where code = 'completion'")
            for _ in 0..<5 { try await hub.reward(ada, .completion) }
            #expect(try await hub.awards(of: ada) == ["completion 100"])
            #expect(try await hub.badges(of: ada).contains("FIVE_COURSES"))
            #expect(try await hub.operations.ledger(of: ada, PageRequest(limit: 10)).items.map(\.points) == [100])
        }
    }

    @Test func `a daily limit applies to concurrent awards`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.setRule("capped", points: 10, perDay: 30)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { try await hub.reward(ada) } }
                try await group.waitForAll()
            }
            #expect(try await hub.total(of: ada) == 30)
        }
    }

    @Test func `concurrent awards lose no point and publish each milestone once`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.setRule("step", points: 30)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { try await hub.reward(ada) } }
                try await group.waitForAll()
            }
            #expect(try await hub.total(of: ada) == 1_200)
            let told = try await hub.published(PointsAwarded.self).map(\.data)
            let totals = told.map(\.totalPoints).sorted(), milestones = told.compactMap(\.milestone).sorted()
            #expect(totals == (1...40).map { $0 * 30 })
            #expect(milestones == [100, 500, 1_000])
        }
    }

    @Test func `a failed transaction leaves neither points nor events`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await #require(throws: Interrupted.self) {
                try await hub.database.transaction { tx in
                    let occasion = Occasion(GamificationHub.registered(ada))
                    try await hub.operations.reward(occasion, because: .make(at: GamificationHub.time), on: tx)
                    throw Interrupted()
                }
            }
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    private struct Interrupted: Error {}
}
