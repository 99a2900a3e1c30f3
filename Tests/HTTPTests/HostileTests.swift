import HTTP
import HubTesting
import Testing

/// Requests that two readers could read differently end with 400 and a closed connection, and never reach a handler.
struct HostileTests {
    static let ours: [String] = [
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hel lo HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\u{0b}chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a, b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\u{1}b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\u{0}\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\nY: b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET /hello HTTP/1.1\nHost: a\r\n\r\n",
        "GET /hel%00lo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello?x=%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello% HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hel\u{0}lo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hällo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/../hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/%2e%2E/hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /./hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello/.. HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello/..?x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET https://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://ada@a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:///hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/../hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/hello HTTP/1.1\r\n\r\n",
        "GET http://a/hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GE\u{0}T /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hello HTTP/1.1\rXHost: a\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\n\n",
        "GET /hello HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n",
        "GET /hello HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET /hello http/1.1\r\nHost: a\r\n\r\n",
        "GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /hello HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET /hello\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3,3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "\u{16}\u{3}\u{1}\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ]

    /// The framing of these breaks within the body, when its handler may have begun.
    static let brokenChunks: [String] = [
        "zz\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n", "\r\n", ";a\r\n", " 1\r\nx\r\n0\r\n\r\n",
        "1 \r\nx\r\n0\r\n\r\n", "1\nx\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r\n0\n\r\n", "1\r\nx\r\n0\r\n\n",
        "1;a\nx\r\n0\r\n\r\n", "1;a\u{0}\r\nx\r\n0\r\n\r\n", "1;a\rb\r\nx\r\n0\r\n\r\n", "1\r\nxy\r\n0\r\n\r\n",
        "1\r\nx0\r\n\r\n", "1\r\nx\r\n0\r\nA b: c\r\n\r\n", "1\r\nx\r\n0\r\nA: b\n\r\n", "1\r\nx\r\n0\r\n A: b\r\n\r\n",
        "1\r\nx\r\n0\r\nA\r\n\r\n", "7fffffffffffffff\r\nx", "ffffffffffffffff1\r\nx",
        "0000000000000001\r\nx\r\n0\r\n\r\n",
        "1\r\nx\r\n0\r\nA: \(String(repeating: "b", count: 5_000))\r\n\r\n",
    ]

    static func serve(_ request: String) async throws -> (answer: String, calls: Int) {
        let calls = Tally()
        var answer = ""
        try await TestServer.with(routes: { router in
            for method in [HTTPMethod.get, .post] {
                router.add(method, "/{path...}") { request in
                    // A broken chunk is found while the handler reads; it never gets a whole body.
                    if (try? await request.body.collect(bytesMax: 1_000)) != nil { calls.add() }
                    return .text(.ok, "hello")
                }
            }
        }) { server in
            answer = try await server.exchange(request)
        }
        return (answer, calls.value)
    }

    @Test(arguments: ours)
    func `an ambiguous request is refused and the connection closed`(request: String) async throws {
        let (answer, calls) = try await Self.serve(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
        #expect(answer.has("application/problem+json"))
        #expect(answer.count(of: "HTTP/1.1 ") == 1)
        #expect(calls == 0)
    }

    @Test(arguments: brokenChunks)
    func `a broken chunk is refused and the connection closed`(body: String) async throws {
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let (answer, calls) = try await Self.serve(head + body + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.has(#""code":"malformed-request""#), "\(answer)")
        #expect(answer.count(of: "HTTP/1.1 ") == 1)
        #expect(calls == 0)
    }

    @Test func `another version is refused`() async throws {
        let (answer, calls) = try await Self.serve("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 505") && answer.has(#""code":"version-not-supported""#) && calls == 0)
    }

    @Test(arguments: [
        ("http://b/hello?x=1", "/hello?x=1"), ("HTTP://b:80/hello", "/hello"), ("http://b", "/"), ("http://b?x", "/?x"),
    ])
    func `an absolute target names the host, then is as any other`(target: String, path: String) async throws {
        try await TestServer.with(routes: { router in
            router.add(.get, "/{path...}") { .text(.ok, "<\($0.target) \($0.fields.values(of: "host"))>") }
        }) { server in
            let answer = try await server.exchange(
                "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let host = target.lowercased().has(":80") ? "b:80" : "b"
            #expect(answer.hasSuffix("<\(path) [\"\(host)\"]>"), "\(answer)")
        }
    }

    @Test func `an absolute target without a path asks OPTIONS of the server`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            let answer = try await server.exchange("OPTIONS http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 204") && answer.has("allow: GET, POST, HEAD, OPTIONS\r\n"), "\(answer)")
        }
    }

    @Test func `HTTP 1.0 needs no Host and is closed`() async throws {
        let (answer, calls) = try await Self.serve("GET /hello HTTP/1.0\r\n\r\n")
        #expect(answer.has(" 200 OK\r\n") && answer.hasSuffix("hello") && calls == 1)
    }

    @Test func `random bytes never stop the server`() async throws {
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var noise = Noise(state: seed)
        try await TestServer.with(routes: ServerTests.routes) { server in
            for _ in 0..<200 {
                let socket = try await server.connect()
                let bytes = (0..<Int.random(in: 1...400, using: &noise)).map { _ in
                    UInt8.random(in: 0...255, using: &noise)
                }
                try? await socket.send(
                    Array("GET /hello HTTP/1.1\r\nHost: a\r\nX".utf8) + bytes + Array("\r\n\r\n".utf8))
                socket.shutdownSending()
                _ = try? await socket.readToEnd()
            }
            let answer = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.hasSuffix("hello world"), "seed \(seed)")
        }
    }

    private struct Noise: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }
}
