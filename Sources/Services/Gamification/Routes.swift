internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A learner's queries about their own awards.
struct GamificationRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/gamification/me", .user, standing)
        routes.get("/gamification/me/ledger", .user, query: .page(), ledger)
    }

    struct StandingView: Encodable {
        struct Badge: Encodable {
            let code: String
            let name: String
            let courseId: String?
            let earnedAt: Date
        }
        let points: Int
        let level: Int
        let nextLevelAt: Int
        let badges: [Badge]
    }

    func standing(_ request: Request) async throws -> Response {
        let standing = try await operations.standing(of: request.user)
        return try .ok(StandingView(standing))
    }

    struct LedgerView: Encodable {
        let id: String
        let points: Int32
        let rule: String
        let sourceEventId: String
        let awardedAt: Date
    }

    func ledger(_ request: Request) async throws -> Response {
        let page = try request.page(by: PointsAwardID.self)
        return try .page(try await operations.ledger(of: request.user, page).map(LedgerView.init), of: request)
    }
}

extension GamificationRoutes.StandingView {
    init(_ standing: Standing) {
        points = standing.points
        level = standing.level.number
        nextLevelAt = standing.level.nextStart
        badges = standing.badges.map {
            Badge(code: $0.code, name: $0.name, courseId: $0.courseID?.rawValue, earnedAt: $0.earnedAt)
        }
    }
}

extension GamificationRoutes.LedgerView {
    init(_ entry: LedgerEntry) {
        id = entry.id.rawValue
        points = entry.points
        rule = entry.rule
        sourceEventId = entry.source.rawValue
        awardedAt = entry.awardedAt
    }
}
