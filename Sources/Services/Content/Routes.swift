internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct ContentRoutes: Sendable {
    /// Fits the longest document with every character escaped.
    private static let bodyBytesMax = 1024 * 1024

    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/lessons/{id}/content", .user, read)
        routes.put("/lessons/{id}/content", .instructor, write)
        routes.get("/lessons/{id}/content/revisions", .instructor, revisions)
        routes.get("/lessons/{id}/content/revisions/{number}", .instructor, revision)
        routes.post("/content/preview", .instructor, preview)
        routes.put("/internal/access/{id}", .service(.enrollment, .payment), revoke)
        routes.delete("/internal/media/{id}", .service(.media), forgetMedium)
    }

    // MARK: Lessons

    struct PageView: Encodable {
        let html: String
        /// For permitted writers.
        let markdown: String?
        let revision: Int
        let updatedAt: Date?
        let media: [MediumView]
    }

    struct MediumView: Encodable {
        let id, status: String
        let fileName, contentType: String?
        let sizeBytes: Int?
        let durationSeconds: Double?
        let renditions: [Rendition]
    }

    func read(_ request: Request) async throws -> Response {
        let page = try await operations.read(request.id("id", as: LessonID.self), as: request.identity)
        var response = try Response.ok(PageView(page), version: page.revision.number)
        // The URLs expire although the revision does not change.
        response.fields["cache-control"] = "no-store"
        return response
    }

    struct MarkdownBody: RequestBody {
        let markdown: String

        /// The renderer limits the length of a document, in bytes.
        init(_ fields: inout BodyFields) {
            markdown = fields.string("markdown", length: 0...bodyBytesMax, trimmed: false)
        }
    }

    func write(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: LessonID.self)
        let body = try await request.body(as: MarkdownBody.self, bytesMax: Self.bodyBytesMax)
        let page = try await operations.write(
            body.markdown, to: id, by: request.identity, ifRevision: request.isExpectedVersion)
        return try .ok(PageView(page), version: page.revision.number)
    }

    struct RevisionView: Encodable {
        let revision: Int
        let writtenAt: Date?
        /// Only in the response for a single lesson.
        let markdown: String?
    }

    func revisions(_ request: Request) async throws -> Response {
        let found = try await operations.revisions(of: request.id("id", as: LessonID.self), for: request.identity)
        let views = found.map { RevisionView(revision: $0.number, writtenAt: $0.writtenAt, markdown: nil) }
        return try .page(Page(all: views), of: request)
    }

    func revision(_ request: Request) async throws -> Response {
        guard let number = request.http.pathParameters["number"].flatMap({ Int($0) }) else { throw Problem.notFound }
        let found = try await operations.revision(
            number, of: request.id("id", as: LessonID.self), for: request.identity)
        return try .ok(RevisionView(revision: found.number, writtenAt: found.writtenAt, markdown: found.markdown))
    }

    struct PreviewView: Encodable {
        let html: String
    }

    func preview(_ request: Request) async throws -> Response {
        let body = try await request.body(as: MarkdownBody.self, bytesMax: Self.bodyBytesMax)
        return try .ok(PreviewView(html: try await operations.html(of: body.markdown)))
    }

    // MARK: For the hub's other services

    struct AccessBody: RequestBody {
        enum State: String, CaseIterable {
            case revoked = "REVOKED"
        }

        let userID: UserID
        let courseID: CourseID

        init(_ fields: inout BodyFields) {
            _ = fields.choice("state", of: State.self, else: .revoked)
            userID = fields.id("userId")
            courseID = fields.id("courseId")
        }
    }

    func revoke(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: EnrollmentID.self)
        let body = try await request.body(as: AccessBody.self)
        try await operations.revoke(id, of: body.userID, to: body.courseID)
        return .noContent
    }

    func forgetMedium(_ request: Request) async throws -> Response {
        try await operations.forgetMedium(request.id("id", as: MediaID.self))
        return .noContent
    }
}

extension ContentRoutes.PageView {
    fileprivate init(_ page: LessonPage) {
        html = page.html
        markdown = page.isEditable ? page.revision.markdown : nil
        revision = page.revision.number
        updatedAt = page.revision.writtenAt
        media = page.media.map(ContentRoutes.MediumView.init)
    }
}

extension ContentRoutes.MediumView {
    fileprivate init(_ medium: Medium) {
        id = medium.id.rawValue
        status = medium.status.rawValue
        fileName = medium.fileName
        contentType = medium.contentType
        sizeBytes = medium.sizeBytes
        durationSeconds = medium.durationSeconds
        renditions = medium.renditions
    }
}

extension ContentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .noAccess: Problem(.forbidden, "no-access", detail: "Enrol in the course to read this lesson.")
        case .notAllowed: .notAllowed
        case .changedMeanwhile: .changedMeanwhile
        case .unacceptable(let message): .invalidBody([.init(field: "markdown", message: message)])
        }
    }
}
