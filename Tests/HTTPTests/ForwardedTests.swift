import EventLoop
@testable import HTTP
import HubTesting
import Testing

struct ForwardedTests {
    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 127.0.0.2", "203.0.113.9"),
        ("6.6.6.6, rubbish", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("127.0.0.3", "127.0.0.3"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7:4711, 127.0.0.2:80", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),
    ])
    func `only a trusted proxy can set the client address`(named: String, client: String) async throws {
        let routes: (inout Router) -> Void = { $0.add(.get, "/who") { .text(.ok, "<\($0.remoteAddress)>") } }
        let request = "GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: \(named)\r\n\r\n"
        let trusted = try [#require(IPRange("127.0.0.0/8"))]
        try await TestServer.with({ $0.trustedProxies = trusted }, routes: routes) { server in
            let answer = try await server.exchange(request)
            #expect(answer.hasSuffix("<\(client)>"))
        }
        try await TestServer.with(routes: routes) { server in
            let answer = try await server.exchange(request)
            #expect(answer.hasSuffix("<127.0.0.1>"))
        }
    }

    @Test(arguments: [
        "", "rubbish", "203.0.113.7:", "203.0.113.7:x", "203.0.113.7:+1", "203.0.113.7:65536", "203.0.113.7:1:2", ":80",
        "[203.0.113.7]:80", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]x", "[2001:db8::1]:", "[2001:db8::1]:x", "[]",
        "[]:80", "[[2001:db8::1]]", "203.0.113.7%25eth0", "fe80::1%eth0", "203.0.113", "\"203.0.113.7\"",
    ])
    func `an invalid forwarded address is ignored`(entry: String) throws {
        let trusted = try [#require(IPRange("127.0.0.0/8"))]
        #expect(trusted.client(behind: "127.0.0.1", ["x-forwarded-for": "203.0.113.9, \(entry)"]) == "127.0.0.1")
    }

    @Test func `a trusted proxy is not limited in its connections`() async throws {
        let trusted = try [#require(IPRange("127.0.0.1"))]
        try await TestServer.with(
            {
                $0.trustedProxies = trusted
                $0.connectionsPerAddressMax = 1
            }, routes: ServerTests.routes
        ) { server in
            let first = try await server.connect(), second = try await server.connect()
            for socket in [first, second] {
                try await socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await socket.readResponse().hasSuffix("hello world"))
            }
        }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "::1", false), ("fd00::/8", "fdff::1", true), ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false), ("192.0.2.0/25", "::ffff:192.0.2.127", true),
        ("192.0.2.0/25", "192.0.2.128", false),
    ])
    func `a range contains the addresses with its prefix`(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(IPRange(range)).contains(try #require(IPAddress(address))) == isIn)
    }

    @Test func `one network is one, however it is written`() {
        #expect(IPAddress.network(of: "2001:DB8:0:1::5") == IPAddress.network(of: "2001:db8:0:1:ffff::"))
        #expect(IPAddress.network(of: "2001:db8:0:1::5") != IPAddress.network(of: "2001:db8:0:2::5"))
        #expect(IPAddress.network(of: "::ffff:192.0.2.1") == "192.0.2.1")
        #expect(IPAddress.network(of: "192.0.2.1") != IPAddress.network(of: "192.0.2.2"))
    }
}
