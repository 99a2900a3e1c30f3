internal import Contracts
internal import HTTP
internal import ObjectStore
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct CertificateRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/certificates", .user, query: .page(), list)
        routes.get("/certificates/keys", .anyone, keys)
        routes.get("/certificates/verify/{code}", .anyone, verify)
        routes.get("/certificates/{id}/pdf", .user, file)
        routes.put("/certificates/{id}/name", .user, correctName)
        routes.put("/certificates/{id}/revocation", .admin, revoke)
    }

    // MARK: A learner's own

    struct CertificateView: Encodable {
        let id, code, courseId: String
        let courseTitle, learnerName: String?
        let finalScore: Double?
        let completedAt: Date
        let issuedAt, revokedAt: Date?

        init(_ certificate: Certificate) {
            id = certificate.id.rawValue
            code = certificate.code.text
            courseId = certificate.courseID.rawValue
            courseTitle = certificate.print?.courseTitle
            learnerName = certificate.print?.learnerName
            finalScore = certificate.finalScore
            completedAt = certificate.completedAt
            issuedAt = certificate.issuedAt
            revokedAt = certificate.revokedAt
        }
    }

    func list(_ request: Request) async throws -> Response {
        let page = try request.page(by: CertificateID.self)
        return try .page(try await operations.list(of: request.user, page).map(CertificateView.init), of: request)
    }

    func file(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: CertificateID.self)
        let file = try await operations.file(of: id, for: request.user)
        let fields: HTTPFields = [
            "content-type": "application/pdf", "content-disposition": "inline; filename=\"certificate.pdf\"",
            "cache-control": "private, no-cache",
        ]
        return Response(.ok, fields: fields, body: file.body)
    }

    struct NameBody: RequestBody {
        /// nil only in a request that is refused.
        let name: LearnerName?

        init(_ fields: inout BodyFields) {
            let text = fields.string("name", length: 1...LearnerName.lengthMax)
            name = try? LearnerName(text)
            if name == nil, !text.isEmpty { fields.complain("name", "must be a name that can be printed") }
        }
    }

    func correctName(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: CertificateID.self)
        guard let name = try await request.body(as: NameBody.self).name else { throw Problem.internalError }
        return try .ok(CertificateView(try await operations.correctName(of: id, to: name, by: request.user)))
    }

    // MARK: Administrators

    struct RevocationBody: RequestBody {
        init(_ fields: inout BodyFields) {}
    }

    func revoke(_ request: Request) async throws -> Response {
        _ = try await request.body(as: RevocationBody.self)
        return try .ok(CertificateView(try await operations.revoke(request.id("id", as: CertificateID.self))))
    }

    // MARK: Anybody

    func keys(_ request: Request) async throws -> Response { try .ok(operations.signer.keySet) }

    struct VerificationView: Encodable {
        let valid: Bool
        let code, learnerName, courseTitle: String
        let issuedAt: Date
        let finalScore: Double?
        let revokedAt: Date?
        let statement: String?

        init(_ verification: Verification) {
            valid = verification.isValid
            code = verification.code.text
            learnerName = verification.learnerName
            courseTitle = verification.courseTitle
            issuedAt = verification.issuedAt
            finalScore = verification.finalScore
            revokedAt = verification.revokedAt
            statement = verification.statement
        }
    }

    /// JSON, or a page for browsers.
    func verify(_ request: Request) async throws -> Response {
        let code = request.http.pathParameters["code"] ?? ""
        guard request.http.fields.list("accept", contains: "text/html") else {
            return try .ok(VerificationView(try await operations.verify(code))).ofSeveralForms
        }
        do {
            return .page(.ok, VerificationPage.html(of: try await operations.verify(code)))
        } catch let error as CertificateError {
            return .page(error.problem.status, VerificationPage.html(of: error))
        }
    }
}

extension Response {
    fileprivate static func page(_ status: HTTPStatus, _ html: String) -> Response {
        var response = Response.text(status, html, type: "text/html; charset=utf-8").ofSeveralForms
        response.fields["content-security-policy"] = VerificationPage.contentSecurityPolicy
        response.fields["x-content-type-options"] = "nosniff"
        response.fields["referrer-policy"] = "no-referrer"
        return response
    }

    /// The response depends on `Accept` and may change at any time.
    fileprivate var ofSeveralForms: Response {
        var response = self
        response.fields["vary"] = "accept"
        response.fields["cache-control"] = "no-store"
        return response
    }
}

extension CertificateError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .erased:
            Problem(.gone, "certificate-erased", detail: "The certificate was erased at the request of its owner.")
        case .final:
            Problem(
                .conflict, "certificate-final",
                detail: "The name was already corrected, or the period for corrections is over.")
        case .notDrawn: .tooBusy(retryAfterSeconds: 2)
        }
    }
}
