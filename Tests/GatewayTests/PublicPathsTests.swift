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
        #expect(try PublicPaths.service(for: path[...]) == service)
    }

    @Test(arguments: [
        "/internal/credentials/verify", "/", "/auth", "/usersx", "/metrics", "/dev", "//users",
    ])
    func `what is not listed is not there`(path: String) throws {
        #expect(try PublicPaths.service(for: path[...]) == nil)
    }

    @Test(arguments: [
        "/users/../internal/x", "/users/%2e%2E/internal", "/users/.", "/users/%zz", "/users/%00", "/%75sers/me",
    ])
    func `a path that the next hop could read in another way is refused`(path: String) {
        #expect(throws: GatewayError.badPath) { try PublicPaths.service(for: path[...]) }
    }

    @Test func `fields of the connection and fields of trust do not cross the gateway`() {
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
