import EventLoop
import HTTP
import HubTesting
import Testing

/// Counts its chunks and its end.
private final class Maker: Sendable {
    let made: Tally
    let ended: Tally
    init(made: Tally, ended: Tally) {
        self.made = made
        self.ended = ended
    }
    deinit { ended.add() }
    func make() -> [UInt8] {
        made.add()
        return [UInt8](repeating: 97, count: 64 * 1024)
    }
}

struct ClientTests {
    static func with(
        _ configure: (inout HTTPClientConfiguration) -> Void = { _ in }, _ body: (HTTPClient) async throws -> Void
    ) async throws {
        var configuration = HTTPClientConfiguration()
        configure(&configuration)
        let client = HTTPClient(loops: TestLoops.shared, configuration: configuration)
        do {
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    /// A raw server that answers every request on a connection with `answer`.
    static func raw(_ answer: String, thenClose: Bool = true) throws -> RawServer {
        try RawServer { socket in
            _ = try await socket.read { $0.has("\r\n\r\n") }
            try await socket.send(answer)
            if !thenClose { _ = try await socket.readToEnd() }
        }
    }

    static func failure(
        _ client: HTTPClient, _ request: HTTPClientRequest, timeout: Duration = .seconds(10)
    ) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            _ = try await client.send(request, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a slow request body does not count as the server's delay`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            try await Self.with { client in
                let body = HTTPBody.stream {
                    await Gate().wait()
                    throw CancellationError()
                }
                let request = HTTPClientRequest(.post, server.url + "/echo", body: body)
                #expect(await Self.failure(client, request, timeout: .milliseconds(200)) == .requestBodyFailed)
            }
        }
    }

    @Test(arguments: [
        (timeout: Duration.milliseconds(200), waitMax: Duration.seconds(60)), (.seconds(60), .milliseconds(200)),
    ])
    func `waiting for a connection differs from a failed connection, and has a limit of its own`(
        timeout: Duration, waitMax: Duration
    ) async throws {
        let gate = Gate(), entered = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/slow") { _ in
                entered.add()
                await gate.wait()
                return .text(.ok, "")
            }
        }) { server in
            try await Self.with({ ($0.connectionsPerHostMax, $0.connectionWaitMax) = (1, waitMax) }) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // One for each loop, so that the next one is busy in any case.
                    for loop in TestLoops.shared.loops {
                        group.addTask {
                            _ = try await loop.run("a client") {
                                try await client.send(HTTPClientRequest(.get, server.url + "/slow")).status.code
                            }
                        }
                    }
                    try await eventually { entered.value == TestLoops.shared.loops.count }
                    let request = HTTPClientRequest(.get, server.url + "/slow")
                    let failure = await Self.failure(client, request, timeout: timeout)
                    gate.open()
                    try await group.waitForAll()
                    #expect(failure == .busy)
                    // The line moves on.
                    #expect(try await client.send(request).status == .ok)
                }
            }
        }
    }

    @Test func `a request is sent as given and its response is returned`() async throws {
        try await TestServer.with(routes: { router in
            for method in [HTTPMethod.get, .post, .put, .delete, .patch] {
                router.add(method, "/{path...}") { request in
                    let body = (try? await request.body.collect(bytesMax: 1_000)) ?? []
                    let seen = request.fields.map { "\($0.name): \($0.value)" }.filter { !$0.hasPrefix("Host") }
                    return HTTPResponse(
                        201, fields: ["X-Seen": seen.joined(separator: "|"), "x-two": "1", "X-Two": "2"],
                        body: .bytes(Array("\(request.method) \(request.target) ".utf8) + body))
                }
            }
        }) { server in
            try await Self.with { client in
                for method in [HTTPMethod.get, .post, .put, .delete, .patch] {
                    let hasBody = method != .get
                    let answer = try await client.send(
                        HTTPClientRequest(
                            method, "\(server.url)/a%2Fb/../c?x=%20", fields: ["X-A": "1", "x-empty": ""],
                            body: hasBody ? .text("body") : .empty))
                    // Dots in a path are refused by the server, so they came as they are.
                    #expect(answer.status == .badRequest)
                    let second = try await client.send(
                        HTTPClientRequest(
                            method, "\(server.url)/a%2Fb/c?x=%20", fields: ["X-A": "1"],
                            body: hasBody ? .text("body") : .empty))
                    #expect(second.status == .created)
                    let text = String(decoding: try await second.body.collect(bytesMax: 1_000), as: UTF8.self)
                    #expect(text == "\(method) /a%2Fb/c?x=%20 \(hasBody ? "body" : "")")
                    #expect(second.fields["x-seen"] == (hasBody ? "X-A: 1|Content-Length: 4" : "X-A: 1"))
                    #expect(second.fields.values(of: "X-TWO") == ["1", "2"])
                }
            }
        }
    }

    @Test func `HEAD, an empty POST and a body of no type`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            try await Self.with { client in
                let head = try await client.send(HTTPClientRequest(.head, "\(server.url)/hello"))
                #expect(head.status == .ok && head.fields["content-length"] == "11")
                #expect(try await head.body.collect(bytesMax: 10) == [])
                let empty = try await client.send(HTTPClientRequest(.post, "\(server.url)/echo"))
                #expect(try await empty.body.collect(bytesMax: 10) == [])
            }
        }
    }

    @Test func `connections are kept for the next request`() async throws {
        let connections = Tally()
        let server = try RawServer { socket in
            connections.add()
            while try await socket.read(until: { $0.has("\r\n\r\n") }).has("GET") {
                try await socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        try await Self.with { client in
            try await TestLoops.shared.loops[0].run("client") {
                for _ in 0..<20 {
                    let answer = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
                    #expect(try await answer.body.collect(bytesMax: 10) == Array("ok".utf8))
                }
            }
            #expect(connections.value == 1)
        }
    }

    @Test func `a kept connection the server closed is replaced`() async throws {
        let server = try RawServer { socket in
            _ = try await socket.read { $0.has("\r\n\r\n") }
            try await socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        try await Self.with { client in
            for _ in 0..<20 {
                let answer = try await client.send(
                    HTTPClientRequest(.put, "http://127.0.0.1:\(server.port)/", body: .text("a")))
                #expect(answer.status == .ok)
            }
        }
    }

    @Test(arguments: [(HTTPMethod.post, ""), (.post, "a"), (.patch, "a"), (.get, ""), (.put, "a"), (.delete, "")])
    func `only idempotent requests are retried after they may have been handled`(
        method: HTTPMethod, body: String
    ) async throws {
        let acted = Tally()
        let server = try RawServer { socket in
            let head = try await socket.read { $0.has("\r\n\r\n") }
            if head.has("/first") {
                try await socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                _ = try await socket.read { $0.has("\r\n\r\n\(body)") }
                // Acts, and ends without a word.
                acted.add()
            } else if head.has("/again") {
                acted.add()
                try await socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        try await Self.with { client in
            let url = "http://127.0.0.1:\(server.port)"
            let status = try await TestLoops.shared.loops[0].run("a client") {
                _ = try await client.send(HTTPClientRequest(.get, url + "/first"))
                let again = HTTPClientRequest(method, url + "/again", body: .text(body))
                return try? await client.send(again).status
            }
            #expect(status == (method.isIdempotent ? .ok : nil))
            #expect(acted.value == (method.isIdempotent ? 2 : 1))
        }
    }

    @Test func `many requests at once share the connections`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            try await Self.with({ $0.connectionsPerHostMax = 8 }) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<500 {
                        group.addTask {
                            let answer = try await client.send(
                                HTTPClientRequest(.get, "\(server.url)/hello?name=\(number)"))
                            let text = try await answer.body.collect(bytesMax: 100)
                            #expect(text == Array("hello \(number)".utf8))
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(arguments: [nil, 3_000_000])
    func `bodies stream both ways`(length: Int?) async throws {
        try await TestServer.with(
            { $0.bodyBytesMax = 10_000_000 },
            routes: { router in
                router.add(.post, "/sum") { request in
                    var sum = 0
                    do { for try await chunk in request.body { sum += chunk.count } } catch {
                        sum = -1
                    }
                    let counter = Tally(), total = sum
                    return HTTPResponse(
                        .ok,
                        body: .stream {
                            counter.add() <= 100 ? Array("\(total);".utf8) + [UInt8](repeating: 0, count: 9_999) : nil
                        })
                }
            }
        ) { server in
            try await Self.with { client in
                let counter = Tally()
                let body = HTTPBody.stream(length: length) {
                    counter.add() <= 30 ? [UInt8](repeating: 2, count: 100_000) : nil
                }
                let answer = try await client.send(HTTPClientRequest(.post, "\(server.url)/sum", body: body))
                let bytes = try await answer.body.collect(bytesMax: 10_000_000)
                #expect(bytes.count == 100 * ("3000000;".utf8.count + 9_999))
                #expect(bytes.prefix(8) == Array("3000000;".utf8)[...])
            }
        }
    }

    @Test func `a response is held back while its reader lags, and broken off when it is dropped`() async throws {
        let made = Tally(), ended = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/endless") { _ in
                let maker = Maker(made: made, ended: ended)
                return HTTPResponse(.ok, body: .stream { maker.make() })
            }
        }) { server in
            try await Self.with { client in
                func readSome() async throws {
                    let answer = try await client.send(HTTPClientRequest(.get, "\(server.url)/endless"))
                    var body = answer.body.makeAsyncIterator()
                    #expect(try await body.next()?.isEmpty == false)
                    var before = -1
                    try await eventually {
                        defer { before = made.value }
                        try await RawSocket.blocking { _ = try? RawSocket.connect(server.port) }
                        return made.value == before
                    }
                    #expect(made.value < 1_000)
                    for _ in 0..<100 { #expect(try await body.next()?.isEmpty == false) }
                }
                try await readSome()
                try await eventually { ended.value == 1 }
            }
        }
    }

    @Test func `events arrive as they are sent`() async throws {
        let gate = Gate()
        try await TestServer.with(routes: { router in
            router.add(.get, "/events") { _ in
                let counter = Tally()
                return HTTPResponse(
                    .ok,
                    body: .stream {
                        if counter.add() == 1 { return Array("data: 1\n\n".utf8) }
                        await gate.wait()
                        return counter.value > 2 ? nil : Array("data: 2\n\n".utf8)
                    })
            }
        }) { server in
            try await Self.with { client in
                let answer = try await client.send(HTTPClientRequest(.get, "\(server.url)/events"), timeout: nil)
                var body = answer.body.makeAsyncIterator()
                #expect(try await body.next() == Array("data: 1\n\n".utf8))
                gate.open()
                #expect(try await body.next() == Array("data: 2\n\n".utf8))
                #expect(try await body.next() == nil)
            }
        }
    }

    @Test func `a closed port is a failed connection`() async throws {
        let closed = try RawServer.deadPort()
        try await Self.with { client in
            let refused = await Self.failure(client, HTTPClientRequest(.get, "http://127.0.0.1:\(closed)/"))
            guard case .connectFailed = refused else { Issue.record("\(String(describing: refused))"); return }
            let unknown = await Self.failure(client, HTTPClientRequest(.get, "http://nowhere.invalid/"))
            guard case .connectFailed = unknown else { Issue.record("\(String(describing: unknown))"); return }
        }
    }

    @Test func `a late response is a timeout`() async throws {
        let server = try RawServer { socket in _ = try await socket.readToEnd() }
        let stalling = try Self.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", thenClose: false)
        try await Self.with { client in
            let request = HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/")
            #expect(await Self.failure(client, request, timeout: .milliseconds(200)) == .timedOut)
            let answer = try await client.send(
                HTTPClientRequest(.get, "http://127.0.0.1:\(stalling.port)/"), timeout: .seconds(2))
            await #expect(throws: HTTPBodyError.timedOut) { try await answer.body.collect(bytesMax: 100) }
        }
    }

    @Test func `a silent server is a timeout`() async throws {
        let server = try RawServer { socket in _ = try await socket.readToEnd() }
        try await Self.with({ $0.idleTimeout = .seconds(1) }) { client in
            #expect(
                await Self.failure(client, HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/")) == .timedOut)
        }
        // A request can have its own limit.
        try await Self.with { client in
            var request = HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/")
            request.silenceMax = .seconds(1)
            #expect(await Self.failure(client, request, timeout: .seconds(60)) == .timedOut)
        }
    }

    @Test func `cancelling the caller ends the transfer`() async throws {
        let arrived = Tally(), left = Tally()
        let server = try RawServer { socket in
            _ = try await socket.read { $0.has("\r\n\r\n") }
            arrived.add()
            _ = try await socket.readToEnd()
            left.add()
        }
        try await Self.with { client in
            let task = Task { await Self.failure(client, HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/")) }
            try await eventually { arrived.value == 1 }
            task.cancel()
            #expect(await task.value == .cancelled)
            try await eventually { left.value == 1 }
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await Self.failure(client, HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
            }
            #expect(await early.value == .cancelled)
        }
    }

    @Test func `closing the client cancels requests in progress`() async throws {
        let arrived = Tally()
        let server = try RawServer { socket in
            _ = try await socket.read { $0.has("\r\n\r\n") }
            arrived.add()
            _ = try await socket.readToEnd()
        }
        let client = HTTPClient(loops: TestLoops.shared)
        let request = HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/")
        let task = Task { await Self.failure(client, request) }
        try await eventually { arrived.value == 1 }
        await client.close()
        #expect(await task.value == .cancelled)
        #expect(await Self.failure(client, request) != nil)
    }

    @Test(arguments: [
        "", "no HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\nX", "HTTP/1.1 200 OK\r\nX: \u{0}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/9.9 200 OK\r\n\r\n",
    ])
    func `a response that is not HTTP is a protocol error`(answer: String) async throws {
        let server = try Self.raw(answer)
        try await Self.with { client in
            let error = await Self.failure(client, HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
            guard case .protocolError = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test func `a truncated body is detected`() async throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ] {
            let server = try Self.raw(answer)
            try await Self.with { client in
                do {
                    let response = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
                    _ = try await response.body.collect(bytesMax: 100)
                    Issue.record("a cut body was taken for whole")
                } catch let error as HTTPClientError {
                    guard case .protocolError = error else { Issue.record("\(error)"); return }
                } catch {
                    #expect(error as? HTTPBodyError == .interrupted)
                }
            }
        }
    }

    @Test func `redirects are not followed, and other schemes are refused`() async throws {
        let server = try Self.raw("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
        try await Self.with { client in
            let answer = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
            #expect(answer.status == .found && answer.fields["location"] == "file:///etc/passwd")
            for url in [
                "file:///etc/passwd", "gopher://127.0.0.1/", "", "http://", "http://a b/", "http://a/\r\nX: y", "/x",
            ] {
                #expect(await Self.failure(client, HTTPClientRequest(.get, url)) == .invalidRequest, "\(url)")
            }
        }
    }

    @Test func `interim responses are ignored`() async throws {
        let server = try Self.raw(
            "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nX: b\r\nContent-Length: 2\r\n\r\nok")
        try await Self.with { client in
            let answer = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(server.port)/"))
            #expect(answer.status == .ok && answer.fields["x"] == "b" && answer.fields["link"] == nil)
        }
    }

    @Test func `a failed request body is reported`() async throws {
        try await TestServer.with(routes: ServerTests.routes) { server in
            try await Self.with { client in
                let body = HTTPBody.stream { throw HTTPBodyError.interrupted }
                let request = HTTPClientRequest(.post, "\(server.url)/echo", body: body)
                #expect(await Self.failure(client, request) == .requestBodyFailed)
            }
        }
    }
}
