import Contracts
@testable import Gateway
import HTTP
import Testing

@Suite struct PublicPathsTests {
    @Test(arguments: [
        ("/auth/register", ServiceName.user), ("/auth/login", .auth), ("/auth/register/x", .auth), ("/users/me", .user),
        ("/users", .user), ("/notifications", .notification), ("/gamification/me", .gamification),
        ("/dev/mailbox", .notification), ("/.well-known/jwks.json", .auth),
    ])
    func `public paths lead to their service`(path: String, service: ServiceName) throws {
        #expect(try PublicPaths.row(for: .get, path[...])?.service == service)
    }

    @Test(arguments: [
        "/internal/credentials/verify", "/", "/auth", "/usersx", "/metrics", "/dev", "//users",
    ])
    func `a path that is not listed is 404`(path: String) throws {
        #expect(try PublicPaths.row(for: .get, path[...])?.service == nil)
    }

    @Test(arguments: [
        "/users/../internal/x", "/users/%2e%2E/internal", "/users/.", "/users/%zz", "/users/%00", "/%75sers/me",
    ])
    func `an ambiguous path is refused`(path: String) {
        #expect(throws: GatewayError.badPath) { try PublicPaths.row(for: .get, path[...]) }
    }

    @Test func `the gateway removes connection fields and identity fields`() {
        var fields: HTTPFields = [
            "Accept": "text/html", "Connection": "close, X-Hop", "X-Hop": "1", "Hub-Identity": "forged",
            "Authorization": "Bearer x", "X-Forwarded-For": "1.2.3.4", "Transfer-Encoding": "chunked",
        ]
        fields.add("Accept", "text/plain")
        let crossing = ProxyFields.crossing(fields)
        #expect(crossing.values(of: "accept") == ["text/html", "text/plain"])
        #expect(crossing.count == 2)
    }
}

@Suite struct PublicPathTests {
    private func fits(_ pattern: String, _ path: String) -> Bool {
        PublicPath(pattern, .course).fits(
            path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst())
    }

    @Test func `one star matches a segment, two at the end match one or more`() {
        #expect(fits("/courses/*/quizzes", "/courses/crs_1/quizzes"))
        #expect(!fits("/courses/*/quizzes", "/courses/crs_1/quizzes/2"))
        #expect(!fits("/courses/*/quizzes", "/courses//quizzes"))
        #expect(!fits("/courses/*/quizzes", "/courses/quizzes"))
        #expect(fits("/courses/**", "/courses/a/b") && fits("/courses/**", "/courses/a"))
        #expect(!fits("/courses/**", "/courses") && !fits("/courses/**", "/coursesx/a"))
    }
}

@Suite struct PathsOfSeveralServicesTests {
    @Test(arguments: [
        (HTTPMethod.post, "/enrollments", ServiceName.payment), (.get, "/enrollments", .enrollment),
        (.head, "/enrollments", .enrollment), (.post, "/enrollments/enr_1/withdraw", .enrollment),
        (.get, "/courses/crs_1/reviews", .review), (.get, "/courses/crs_1/enrollments", .enrollment),
        (.get, "/courses/crs_1", .course), (.put, "/lessons/lsn_1/content", .content),
    ])
    func `the service of a path depends on the rest of the path and the method`(
        method: HTTPMethod, path: String, service: ServiceName
    ) throws {
        #expect(try PublicPaths.row(for: method, path[...])?.service == service)
    }
}

@Suite struct SlowPathsTests {
    @Test func `slow readers of files have connections of their own`() throws {
        let row = try #require(try PublicPaths.row(for: .get, "/media/files/med_1/video.mp4"))
        #expect(row.lane == .download && row.timeMax == .seconds(3_600) && row.silenceMax == nil)
    }

    @Test func `a long upload may be merged in silence`() throws {
        let row = try #require(try PublicPaths.row(for: .post, "/media/med_1/complete"))
        #expect(row.silenceMax == row.timeMax && row.timeMax == .seconds(300))
    }
}
