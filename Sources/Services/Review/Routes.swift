internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct ReviewRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/courses/{id}/reviews", .anyone, query: .page(), list)
        routes.postOnce("/courses/{id}/reviews", .user, publish)
        routes.get("/reviews/{id}", .anyone, review)
        routes.patch("/reviews/{id}", .user, edit)
        routes.delete("/reviews/{id}", .user, remove)
    }

    // MARK: Reading

    struct ReviewView: Encodable {
        let id, courseId, text: String
        /// nil after the author's erasure.
        let authorId: String?
        let rating: Int
        let createdAt, updatedAt: Date

        init(_ review: Review) {
            id = review.id.rawValue
            courseId = review.courseID.rawValue
            text = review.words.text
            authorId = review.authorID?.rawValue
            rating = review.words.rating
            createdAt = review.createdAt
            updatedAt = review.updatedAt
        }
    }

    struct ListView: PageView {
        let page: Page<ReviewView>
        let own: ReviewView?
        let rating: RatingSummary
    }

    func list(_ request: Request) async throws -> Response {
        let course = try request.id("id", as: CourseID.self)
        let page = try request.page(by: ReviewID.self)
        let found = try await operations.list(course, for: request.identity.userID, page)
        return try .page(
            ListView(page: found.page.map(ReviewView.init), own: found.own.map(ReviewView.init), rating: found.rating),
            of: request)
    }

    func review(_ request: Request) async throws -> Response {
        let review = try await operations.find(request.id("id", as: ReviewID.self))
        return try .ok(ReviewView(review), version: review.version)
    }

    // MARK: Writing

    struct ReviewBody: RequestBody {
        let words: ReviewWords

        init(_ fields: inout BodyFields) {
            words = ReviewWords(
                rating: fields.int("rating", in: ReviewWords.ratings),
                text: fields.optionalString("text", length: 0...ReviewWords.textLengthMax) ?? "")
        }
    }

    func publish(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: ReviewBody.self)
        let review = try await operations.publish(
            body.words, of: request.id("id", as: CourseID.self), by: request.user, once)
        return try .created(ReviewView(review), at: Review.path(of: review.id))
    }

    struct EditBody: RequestBody {
        let edit: ReviewEdit

        init(_ fields: inout BodyFields) {
            edit = ReviewEdit(
                rating: fields.optionalInt("rating", in: ReviewWords.ratings),
                text: fields.optionalString("text", length: 0...ReviewWords.textLengthMax))
        }
    }

    func edit(_ request: Request) async throws -> Response {
        let body = try await request.body(as: EditBody.self)
        let review = try await operations.edit(
            request.id("id", as: ReviewID.self), body.edit, by: request.user, ifVersion: request.isExpectedVersion)
        return try .ok(ReviewView(review), version: review.version)
    }

    func remove(_ request: Request) async throws -> Response {
        try await operations.remove(
            request.id("id", as: ReviewID.self), by: request.author, ifVersion: request.isExpectedVersion)
        return .noContent
    }
}

extension ReviewRoutes.ListView {
    var nextCursor: String? { page.nextCursor }

    enum CodingKeys: CodingKey { case average, count, histogram, mine }

    func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rating.average, forKey: .average)
        try container.encode(rating.count, forKey: .count)
        try container.encode(rating.histogram, forKey: .histogram)
        try container.encodeIfPresent(own, forKey: .mine)
    }
}

extension Request {
    /// The required author; nil for an administrator.
    fileprivate var author: UserID? {
        get throws(Problem) { identity.isAdministrator ? nil : try user }
    }
}

extension ReviewError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .notAllowed: .notAllowed
        case .noProgress:
            Problem(
                .forbidden, "no-progress",
                detail: "Complete at least \(Int(Progress.percentMin)) percent of the course to review it.")
        case .alreadyReviewed:
            Problem(.conflict, "already-reviewed", detail: "You have reviewed this course. Change that review instead.")
        case .changedMeanwhile: .changedMeanwhile
        }
    }
}
