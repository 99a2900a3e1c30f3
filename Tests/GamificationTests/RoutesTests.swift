import Contracts
@testable import Gamification
import HTTP
import Platform
import ServiceTesting
import Testing

@Suite struct RoutesTests {
    private struct StandingBody: Decodable {
        struct Badge: Decodable {
            let code, name, earnedAt: String
        }
        let points, level, nextLevelAt: Int
        let badges: [Badge]
    }
    private struct LedgerBody: Decodable {
        struct Item: Decodable {
            let points: Int
            let rule, sourceEventId, awardedAt: String
        }
        let items: [Item]
        let nextCursor: String?
    }

    @Test func `a new learner has no points and the first level`() async throws {
        try await GamificationHub.with { hub in
            let standing = try await hub.get("/gamification/me", as: .new, StandingBody.self)
            #expect(
                standing.points == 0 && standing.level == 1 && standing.nextLevelAt == 100 && standing.badges.isEmpty)
            let ledger = try await hub.get("/gamification/me/ledger", as: .new, LedgerBody.self)
            #expect(ledger.items.isEmpty && ledger.nextCursor == nil)
        }
    }

    @Test func `a learner sees points, level, badges and the ledger`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, registration = EventID.make(at: GamificationHub.time)
            try await hub.register(ada, registration)
            try await hub.setRule("much", points: 60)
            try await hub.reward(ada)
            let standing = try await hub.get("/gamification/me", as: ada, StandingBody.self)
            #expect(standing.points == 110 && standing.level == 2 && standing.nextLevelAt == 300)
            #expect(standing.badges.map(\.code) == ["NEWCOMER"])
            #expect(standing.badges.map(\.earnedAt) == ["2027-01-15T08:00:00.000Z"])
            let ledger = try await hub.get("/gamification/me/ledger", as: ada, LedgerBody.self)
            #expect(ledger.items.map(\.rule) == ["much", "sign-up"] && ledger.items.map(\.points) == [60, 50])
            #expect(ledger.items.last?.sourceEventId == registration.rawValue)
        }
    }

    @Test func `the ledger is read page by page, only by its learner`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.setRule("step", points: 1)
            for _ in 0..<5 { try await hub.reward(ada) }
            try await hub.reward(.new)
            let link = try await hub.send(.get, "/gamification/me/ledger", as: .learner(ada))
                .fields["link"]
            #expect(link == nil)
            let next = try await hub.send(.get, "/gamification/me/ledger?limit=2", as: .learner(ada))
                .fields["link"]
            #expect(next?.hasPrefix("</gamification/me/ledger?limit=2&cursor=") == true)
            var sources: [String] = []
            var target = "/gamification/me/ledger?limit=2"
            while true {
                let page = try await hub.get(target, as: ada, LedgerBody.self)
                sources += page.items.map(\.sourceEventId)
                guard let cursor = page.nextCursor else { break }
                #expect(page.items.count == 2)
                target = "/gamification/me/ledger?limit=2&cursor=\(cursor)"
            }
            #expect(sources.count == 5 && Set(sources).count == 5)
        }
    }

    @Test(arguments: [
        ("/gamification/me", 401), ("/gamification/me/ledger", 401), ("/gamification/me/ledger?limit=0", 401),
    ])
    func `an anonymous caller gets 401`(target: String, status: Int) async throws {
        try await GamificationHub.with { hub in
            let answer = try await hub.send(.get, target, as: .anonymous)
            #expect(answer.status == status)
        }
    }

    @Test(arguments: ["limit=0", "limit=1000", "cursor=nonsense", "cursor=%27%3B--"])
    func `a page that does not exist is refused`(query: String) async throws {
        try await GamificationHub.with { hub in
            let response = try await hub.send(
                .get, "/gamification/me/ledger?\(query)", as: .learner(.new))
            #expect(response.status == 422)
        }
    }
}
