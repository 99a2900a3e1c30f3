import HTTP
import HubTesting
import Testing

struct ServerTests {
    static func routes(_ router: inout Router) {
        router.add(.get, "/hello") { request in .text(.ok, "hello \(request.query("name") ?? "world")") }
        router.add(.post, "/echo") { request in
            do throws(HTTPBodyError) {
                return HTTPResponse(.ok, body: .bytes(try await request.body.collect(bytesMax: 1 << 20)))
            } catch {
                return .text(.badRequest, "\(error)")
            }
        }
        router.add(.get, "/stream") { _ in
            let counter = Tally()
            return HTTPResponse(.ok, body: .stream { counter.add() <= 3 ? Array("part;".utf8) : nil })
        }
        router.add(.get, "/stream-of-15") { _ in
            let counter = Tally()
            return HTTPResponse(.ok, body: .stream(length: 15) { counter.add() <= 3 ? Array("part;".utf8) : nil })
        }
        router.add(.get, "/broken") { _ in
            let counter = Tally()
            return HTTPResponse(
                .ok,
                body: .stream {
                    if counter.add() > 1 { throw HTTPBodyError.interrupted }
                    return Array("part;".utf8)
                })
        }
        router.add(.get, "/large") { _ in HTTPResponse(.ok, body: .bytes([UInt8](repeating: 97, count: 1_000_000))) }
        router.add(.get, "/endless") { _ in
            HTTPResponse(.ok, body: .stream { [UInt8](repeating: 97, count: 64 * 1024) })
        }
        router.add(.get, "/nothing") { _ in HTTPResponse(.noContent) }
        router.add(.get, "/odd") { _ in HTTPResponse(100, fields: ["content-length": "7"]) }
    }

    @Test func `a request is answered, and the next one on the same connection`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let socket = try await server.connect()
            for name in ["ada", "grace"] {
                try await socket.send("GET /hello?name=\(name) HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await socket.readResponse()
                #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(response.hasSuffix("hello \(name)"))
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let requests = (1...50).map { "GET /hello?name=\($0). HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
            let last = "GET /hello?name=last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answers = try await server.exchange(requests + last)
            #expect(answers.count(of: "HTTP/1.1 200 OK") == 51)
            var rest = answers[...]
            for number in 1...50 {
                let found = try #require(rest.range("hello \(number)."))
                rest = rest[found.upperBound...]
            }
            #expect(rest.hasSuffix("hello last"))
        }
    }

    @Test func `HEAD has the header of GET and no body`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            for path in ["/hello", "/stream", "/large"] {
                let answer = try await server.exchange("HEAD \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n"))
            }
            let hello = try await server.exchange("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(hello.has("Content-Length: 11"))
        }
    }

    @Test func `unknown paths and methods are problems, and the connection stays`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let socket = try await server.connect()
            try await socket.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
            let missing = try await socket.readResponse()
            #expect(missing.hasPrefix("HTTP/1.1 404") && missing.has(#""code":"unknown-path""#))
            try await socket.send("PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            let put = try await socket.readResponse()
            #expect(put.hasPrefix("HTTP/1.1 405") && put.has("allow: GET, HEAD, OPTIONS\r\n"))
            try await socket.send("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            let brew = try await socket.readResponse()
            #expect(brew.hasPrefix("HTTP/1.1 501") && brew.has(#""code":"method-not-implemented""#))
            try await socket.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            let anywhere = try await socket.readResponse()
            #expect(anywhere.hasPrefix("HTTP/1.1 204") && anywhere.has("allow: GET, POST, HEAD, OPTIONS\r\n"))
        }
    }

    @Test(arguments: [0, 1, 100, 65_536, 65_537, 900_000])
    func `a body comes back as it was sent`(count: Int) async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let body = String(repeating: "x", count: count)
            let plain = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(count)\r\n\r\n\(body)")
            #expect(plain.hasPrefix("HTTP/1.1 200 OK") && plain.hasSuffix("\r\n\r\n\(body)"))
            let half = body.prefix(count / 2), rest = body.dropFirst(count / 2)
            let chunks = [half, rest].filter { !$0.isEmpty }.map { "\(String($0.count, radix: 16))\r\n\($0)\r\n" }
            let chunked = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunks.joined() + "0\r\nTrailer: 1\r\n\r\n")
            #expect(chunked.hasPrefix("HTTP/1.1 200 OK") && chunked.hasSuffix("\r\n\r\n\(body)"))
        }
    }

    @Test func `Expect gets 100 Continue`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let socket = try await server.connect()
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(try await socket.read { $0.has("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
            try await socket.send("abc")
            #expect(try await socket.readResponse().hasSuffix("abc"))
        }
    }

    @Test func `Expect gets a refusal before the body is sent`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let answer = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.has(#""code":"body-too-large""#))
            let odd = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: the-best\r\nContent-Length: 3\r\n\r\n")
            #expect(odd.hasPrefix("HTTP/1.1 417"))
        }
    }

    @Test func `a streamed answer arrives in chunks, or with its length`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let chunked = try await server.exchange("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(chunked.has("Transfer-Encoding: chunked\r\n"))
            #expect(chunked.count(of: "part;") == 3 && chunked.hasSuffix("\r\n0\r\n\r\n"))
            let whole = try await server.exchange("GET /stream-of-15 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(whole.has("Content-Length: 15\r\n") && whole.hasSuffix("\r\n\r\npart;part;part;"))
        }
    }

    @Test func `a client detects an incomplete response`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let answer = try await server.exchange("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.has("part;") && !answer.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a large answer arrives whole`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let answer = try await server.exchange("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.has("Content-Length: 1000000\r\n"))
            #expect(answer.count(of: "\r\n\r\n" + String(repeating: "a", count: 1_000_000)) == 1)
        }
    }

    @Test func `a handler cannot break the framing`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let odd = try await server.exchange("GET /odd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(odd.hasPrefix("HTTP/1.1 500") && odd.has(#""code":"internal-error""#))
            let none = try await server.exchange("GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(none.hasPrefix("HTTP/1.1 204") && none.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `many connections at once are all answered`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            var sockets: [RawSocket] = []
            for _ in 0..<100 { sockets.append(try await server.connect()) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, socket) in sockets.enumerated() {
                    group.addTask {
                        for round in 0..<5 {
                            try await socket.send("GET /hello?name=\(index)-\(round) HTTP/1.1\r\nHost: a\r\n\r\n")
                            #expect(try await socket.readResponse().hasSuffix("hello \(index)-\(round)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a second server on the same port is refused`() async throws {
        try await TestServer.with(routes: Self.routes) { server in
            let second = HTTPServer(
                configuration: HTTPServerConfiguration(port: server.port), loops: TestLoops.shared, router: Router())
            await #expect(throws: HTTPServerError.addressInUse(host: "127.0.0.1", port: server.port)) {
                _ = try await second.start()
            }
            let elsewhere = HTTPServer(
                configuration: HTTPServerConfiguration(host: "203.0.113.1"), loops: TestLoops.shared, router: Router())
            await #expect(throws: HTTPServerError.self) { _ = try await elsewhere.start() }
        }
    }
}
