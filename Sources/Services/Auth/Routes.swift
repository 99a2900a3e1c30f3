internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct AuthRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.post("/auth/login", .anyone, logIn)
        routes.post("/auth/refresh", .anyone, refresh)
        routes.post("/auth/logout", .anyone, logOut)
        routes.post("/auth/logout-all", .user, logOutEverywhere)
        routes.get("/auth/sessions", .user, sessions)
        routes.post("/internal/sessions/ended", .service(.gateway), endedSessions)
        routes.get("/.well-known/jwks.json", .anyone, keySet)
    }

    struct LogInBody: RequestBody {
        let email, password: String
        let deviceToken: String?

        /// Only the format is checked: impossible credentials get the same error as wrong ones.
        init(_ fields: inout BodyFields) {
            email = fields.string("email", length: 1...320)
            password = fields.string("password", length: 1...1_024, trimmed: false)
            deviceToken = fields.optionalString("deviceToken", length: 1...512)
        }
    }

    struct TokensView: Encodable {
        let accessToken: String
        let tokenType = "Bearer"
        let expiresIn: Int
        let refreshToken: String
        /// The response to a log-in.
        let deviceToken: String?
    }

    @Sendable func logIn(_ request: Request) async throws -> Response {
        let body = try await request.body(as: LogInBody.self)
        let logIn = try await operations.logIn(
            LogInAttempt(
                email: body.email, password: body.password, network: request.network,
                userAgent: request.http.fields["user-agent"], deviceToken: body.deviceToken))
        return try answer(logIn.tokens, deviceToken: logIn.deviceToken)
    }

    struct RefreshBody: RequestBody {
        let refreshToken: String

        init(_ fields: inout BodyFields) {
            refreshToken = fields.string("refreshToken", length: 1...512)
        }
    }

    @Sendable func refresh(_ request: Request) async throws -> Response {
        let body = try await request.body(as: RefreshBody.self)
        return try answer(try await operations.refresh(body.refreshToken))
    }

    private func answer(_ tokens: Tokens, deviceToken: String? = nil) throws -> Response {
        var response = try Response.ok(
            TokensView(
                accessToken: tokens.access, expiresIn: tokens.expiresInSeconds, refreshToken: tokens.refresh,
                deviceToken: deviceToken))
        response.fields["cache-control"] = "no-store"
        return response
    }

    @Sendable func logOut(_ request: Request) async throws -> Response {
        let body = try await request.body(as: RefreshBody.self)
        try await operations.logOut(body.refreshToken)
        return .noContent
    }

    @Sendable func logOutEverywhere(_ request: Request) async throws -> Response {
        try await operations.logOutEverywhere(request.user)
        return .noContent
    }

    struct SessionView: Encodable {
        let id: String
        let userAgent: String?
        let createdAt, lastUsedAt, expiresAt: Date
        /// Whether this request belongs to the session.
        let current: Bool
    }

    @Sendable func sessions(_ request: Request) async throws -> Response {
        let current = request.session
        let views = try await operations.sessions(of: request.user).map { session in
            SessionView(
                id: session.id.rawValue, userAgent: session.userAgent, createdAt: session.createdAt,
                lastUsedAt: session.lastUsedAt, expiresAt: session.expiresAt, current: session.id.rawValue == current)
        }
        return try .page(Page(all: views), of: request)
    }

    struct SessionsBody: RequestBody {
        let sessionIDs: [SessionID]

        init(_ fields: inout BodyFields) {
            sessionIDs = fields.ids("sessionIds", count: 1...1_000)
        }
    }

    struct EndedView: Encodable {
        let ended: [String]
    }

    @Sendable func endedSessions(_ request: Request) async throws -> Response {
        let body = try await request.body(as: SessionsBody.self)
        return try .ok(EndedView(ended: try await operations.endedSessions(among: body.sessionIDs).map(\.rawValue)))
    }

    @Sendable func keySet(_ request: Request) async throws -> Response {
        var response = Response.json(.ok, try await operations.keys.published())
        response.fields["cache-control"] = "public, max-age=\(KeySchedule.publishedSeconds)"
        return response
    }
}

extension Request {
    /// The client's network, from the address the gateway reported.
    fileprivate var network: String {
        IPAddress.network(of: http.fields["x-forwarded-for"] ?? http.remoteAddress)
    }

    fileprivate var session: String? {
        if case .user(_, _, let session) = identity { session } else { nil }
    }
}

extension AuthError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .wrongCredentials: Problem(.unauthorized, "wrong-credentials", detail: "E-mail or password is wrong.")
        case .tooManyAttempts(let seconds):
            Problem(
                .tooManyRequests, "too-many-attempts", detail: "Too many failed log-ins. Try again later.",
                fields: ["retry-after": String(seconds)])
        case .tooManyRefreshes(let seconds):
            Problem(
                .tooManyRequests, "too-many-requests", detail: "The session is refreshed too often. Try again later.",
                fields: ["retry-after": String(seconds)])
        case .invalidRefreshToken:
            Problem(.unauthorized, "invalid-refresh-token", detail: "The session has ended. Log in again.")
        }
    }
}
