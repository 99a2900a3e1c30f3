import HTTP
import HubTesting
import Testing

struct LimitTests {
    @Test func `a header too large or with too many fields is refused`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            let large = try await server.exchange(
                "GET /hello HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 17_000))\r\n\r\n")
            #expect(large.hasPrefix("HTTP/1.1 431") && large.has(#""code":"header-too-large""#))
            let many = (0..<65).map { "X-\($0): 1\r\n" }.joined()
            let counted = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\(many)\r\n")
            #expect(counted.hasPrefix("HTTP/1.1 431") && counted.has(#""code":"header-too-large""#))
            let endless = try await server.exchange(
                "GET /hello HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 300_000))\r\n\r\n")
            #expect(endless.hasPrefix("HTTP/1.1 431"))
            let target = try await server.exchange(
                "GET /\(String(repeating: "x", count: 9_000)) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(target.hasPrefix("HTTP/1.1 414") && target.has(#""code":"target-too-long""#))
            let most = (0..<62).map { "X-\($0): \(String(repeating: "x", count: 200))\r\n" }.joined()
            let fits = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\(most)\r\n".replacingLast())
            #expect(fits.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `a body over the limit is refused, however it is framed`() async throws {
        try await TestServer.with({ $0.bodyBytesMax = 100_000 }, routes: ServerTests.routes) { server in
            let body = String(repeating: "x", count: 100_001)
            let socket = try await server.connect()
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n\(body)")
            let plain = try await socket.readResponse()
            #expect(plain.hasPrefix("HTTP/1.1 413") && plain.has(#""code":"body-too-large""#))
            // Small enough to be read away: the connection lives on.
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await socket.readResponse().hasSuffix("abc"))
            let chunked = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n\(body)\r\n0\r\n\r\n"
            )
            #expect(chunked.hasPrefix("HTTP/1.1 413") && chunked.has(#""code":"body-too-large""#))
        }
    }

    @Test func `an endless body is cut off with a response`() async throws {
        try await TestServer.with(
            {
                $0.bodyBytesMax = 100_000
                $0.bodyBytesDiscarded = 100_000
            }, routes: ServerTests.routes
        ) { server in
            let socket = try await server.connect()
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "2000\r\n\(String(repeating: "x", count: 8_192))\r\n"
            for _ in 0..<100 { if (try? await socket.send(chunk)) == nil { break } }
            let answer = try await socket.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `a client that stops in a body gets the waiting response`() async throws {
        try await TestServer.with(
            { $0.idleTimeout = .milliseconds(500) },
            routes: { router in router.add(.post, "/refused") { _ in .text(.forbidden, "not you") } }
        ) { server in
            let answer = try await server.exchange(
                "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n1")
            #expect(answer.hasPrefix("HTTP/1.1 403") && answer.hasSuffix("not you"), "\(answer)")
        }
    }

    @Test func `a route may have a limit of its own`() async throws {
        try await TestServer.with(
            { $0.bodyBytesMax = 10 },
            routes: { router in
                for (path, limit) in [("/small", nil), ("/large", 2_000_000)] as [(String, Int?)] {
                    router.add(.post, path, bodyBytesMax: limit) { request in
                        var count = 0
                        do { for try await chunk in request.body { count += chunk.count } } catch { count = -1 }
                        return .text(.ok, "\(count) bytes")
                    }
                }
            }
        ) { server in
            let body = String(repeating: "x", count: 1_500_000)
            let head = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1500000\r\n\r\n"
            #expect(try await server.exchange("POST /large \(head)\(body)").hasSuffix("1500000 bytes"))
            let small = try await server.exchange(
                "POST /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 11\r\n\r\n12345678901")
            #expect(small.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `a slow header is ended after its time limit`() async throws {
        try await TestServer.with(
            {
                $0.headerTimeout = .milliseconds(300)
                $0.idleTimeout = .milliseconds(300)
            }, routes: ServerTests.routes
        ) { server in
            #expect(try await server.exchange("").hasPrefix("HTTP/1.1 408"))
            let answer = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 408") && answer.has(#""code":"request-timeout""#))
            let dripping = try await server.connect()
            async let ended = dripping.readToEnd()
            let line = Array("GET /hello HTTP/1.1\r\nHost: a\r\nX: ".utf8)
            try await eventually {
                for byte in line { if (try? await dripping.send([byte])) == nil { return true } }
                return (try? await dripping.send("x")) == nil
            }
            #expect(try await ended.hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func `a stalled body is ended, and its handler gets an error`() async throws {
        let errors = Tally()
        try await TestServer.with(
            { $0.idleTimeout = .milliseconds(300) },
            routes: { router in
                router.add(.post, "/{path...}") { request in
                    do { for try await _ in request.body {} } catch { errors.add() }
                    return .text(.ok, "")
                }
            }
        ) { server in
            for framing in ["Content-Length: 10", "Content-Length: 100000", "Transfer-Encoding: chunked"] {
                let answer = try await server.exchange("POST /a HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n1\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 408"), "\(framing)")
            }
            // The shortest is collected before a handler starts.
            try await eventually { errors.value == 2 }
        }
    }

    @Test(arguments: ["Content-Length: 10000", "Content-Length: 100000", "Transfer-Encoding: chunked"])
    func `a dripping body is ended after its time limit`(framing: String) async throws {
        try await TestServer.with(
            {
                $0.bodyTimeout = .milliseconds(300)
                $0.idleTimeout = .milliseconds(300)
            }, routes: ServerTests.routes
        ) { server in
            let socket = try await server.connect()
            async let ended = socket.readToEnd()
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            let drop = framing.hasPrefix("T") ? "1\r\nx\r\n" : "x"
            try await eventually(within: .seconds(5)) { (try? await socket.send(drop)) == nil }
            #expect(try await ended.hasPrefix("HTTP/1.1 408"))
        }
    }

    /// Echoes a field of the request, as far as it is known.
    private static func marked(_ router: inout Router) {
        ServerTests.routes(&router)
        router.markRefusals { response, fields in response.fields["x-mark"] = fields["x-name"] ?? "unknown" }
    }

    @Test(arguments: [
        ("", "unknown"), ("GET /hello HTTP/1.1\r\nX-Name: ada\r\n", "unknown"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nX-Name: ada\r\nContent-Length: 10\r\n\r\n1", "ada"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nX-Name: ada\r\nContent-Length: 100000\r\n\r\n1", "ada"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nX-Name: ada\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", "ada"),
    ])
    func `a late request is refused with the usual problem fields`(request: String, mark: String) async throws {
        try await TestServer.with(
            {
                $0.headerTimeout = .milliseconds(100)
                $0.idleTimeout = .milliseconds(100)
            }, routes: Self.marked
        ) { server in
            let answer = try await server.exchange(request)
            #expect(answer.hasPrefix("HTTP/1.1 408") && answer.has("\r\nx-mark: \(mark)\r\n"), "\(answer)")
        }
    }

    @Test func `a connection over the limit is refused with the usual problem fields`() async throws {
        try await TestServer.with({ $0.connectionsPerAddressMax = 0 }, routes: Self.marked) { server in
            let answer = try await server.connect().readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 503") && answer.has("\r\nx-mark: unknown\r\n"), "\(answer)")
        }
    }

    @Test func `the time a body waits for its reader does not count`() async throws {
        let gate = Gate(), length = 32 << 20
        try await TestServer.with(
            {
                $0.bodyTimeout = .milliseconds(100)
                $0.bodyBytesMax = length
            },
            routes: { router in
                router.add(.post, "/late") { request in
                    await gate.wait()
                    var count = 0
                    do { for try await chunk in request.body { count += chunk.count } } catch { count = -1 }
                    return .text(.ok, "\(count) bytes")
                }
            }
        ) { server in
            let socket = try await server.connect()
            try await socket.send("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
            // Returns when the socket has taken nothing for longer than the body may take.
            let sent = try await socket.sendUntilHeld(limit: length)
            #expect(sent < length)
            gate.open()
            try await socket.send([UInt8](repeating: 120, count: length - sent))
            #expect(try await socket.readResponse().hasSuffix("\(length) bytes"))
        }
    }

    @Test func `an idle connection is closed without a response`() async throws {
        try await TestServer.with({ $0.idleTimeout = .milliseconds(300) }, routes: ServerTests.routes) { server in
            let answers = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answers.hasSuffix("hello world") && answers.count(of: "HTTP/1.1") == 1)
        }
    }

    @Test func `the connections of one address are limited`() async throws {
        try await TestServer.with({ $0.connectionsPerAddressMax = 5 }, routes: ServerTests.routes) { server in
            var open: [RawSocket] = []
            for _ in 0..<5 {
                let socket = try await server.connect()
                try await socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await socket.readResponse().hasSuffix("hello world"))
                open.append(socket)
            }
            let refused = try await server.connect().readToEnd()
            #expect(refused.hasPrefix("HTTP/1.1 503") && refused.has(#""code":"too-many-connections""#))
            open.removeLast()
            try await eventually {
                let socket = try await server.connect()
                try? await socket.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return try await socket.readToEnd().hasSuffix("hello world")
            }
            withExtendedLifetime(open) {}
        }
    }
}

extension String {
    /// The request, asking for the connection to be closed.
    fileprivate func replacingLast() -> String { dropLast(1) + "Connection: close\r\n\r\n" }
}
