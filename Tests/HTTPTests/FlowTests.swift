import EventLoop
import HTTP
import HubTesting
import Testing

/// Back-pressure, the peer that leaves, and the end of the server.
struct FlowTests {
    @Test func `a sender is throttled while its reader lags`() async throws {
        let gate = Gate(), read = Tally()
        try await TestServer.with(routes: { router in
            router.add(.post, "/slow", bodyBytesMax: 1 << 30) { request in
                await gate.wait()
                do { for try await chunk in request.body { read.add(chunk.count) } } catch {}
                return .text(.ok, "\(read.value)")
            }
        }) { server in
            let socket = try await server.connect()
            let total = 64 << 20
            try await socket.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
            let sent = try await socket.sendUntilHeld(limit: total)
            // What the kernel's buffers take, and a quarter of a megabyte of ours.
            #expect(sent < total / 2)
            #expect(read.value == 0)
            gate.open()
            try await socket.send([UInt8](repeating: 120, count: total - sent))
            #expect(try await socket.readResponse().hasSuffix("\(total)"))
        }
    }

    @Test func `a streamed response is produced at the speed of its reader`() async throws {
        let made = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/endless") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream {
                        made.add()
                        return [UInt8](repeating: 97, count: 64 * 1024)
                    })
            }
        }) { server in
            let socket = try await server.connect()
            socket.limitReceiveBuffer(64 * 1024)
            try await socket.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            var before = -1
            // Made no more for a while: the maker waits.
            try await eventually {
                defer { before = made.value }
                try await RawSocket.blocking { _ = try? RawSocket.connect(server.port) }
                return made.value == before && made.value > 0
            }
            #expect(made.value < 400)
        }
    }

    @Test(arguments: [false, true])
    func `a disconnected client cancels the task of its request`(byReset: Bool) async throws {
        let started = Tally(), cancelled = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/wait") { _ in
                started.add()
                await Gate().wait()
                if Task.isCancelled { cancelled.add() }
                return .text(.ok, "late")
            }
        }) { server in
            var socket: RawSocket? = try await server.connect()
            try await socket?.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually { started.value == 1 }
            #expect(cancelled.value == 0)
            if byReset { socket?.reset() }
            socket = nil
            try await eventually { cancelled.value == 1 }
        }
    }

    @Test func `the body reader detects a client that disconnects`() async throws {
        let errors = Tally()
        try await TestServer.with(routes: { router in
            router.add(.post, "/{path...}") { request in
                do { for try await _ in request.body {} } catch { errors.add() }
                return .text(.ok, "")
            }
        }) { server in
            var socket: RawSocket? = try await server.connect()
            try await socket?.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nabc")
            socket = nil
            try await eventually { errors.value == 1 }
        }
    }

    @Test func `a stream stops when its reader disconnects`() async throws {
        let made = Tally(), ended = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/events") { _ in
                HTTPResponse(
                    .ok,
                    body: .stream {
                        if made.add() == 1 { return Array("data: 1\n\n".utf8) }
                        await Gate().wait()
                        ended.add()
                        return nil
                    })
            }
        }) { server in
            var socket: RawSocket? = try await server.connect()
            try await socket?.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket?.read { $0.has("data: 1") }.has("data: 1") == true)
            // Before, it would not be asked for again, and there would be nothing to end.
            try await eventually { made.value == 2 }
            socket = nil
            try await eventually { ended.value == 1 }
        }
    }

    @Test func `draining finishes requests, closes idle connections and accepts no new ones`() async throws {
        let gate = Gate(), started = Tally()
        try await TestServer.with(routes: { router in
            ServerTests.routes(&router)
            router.add(.get, "/wait") { _ in
                started.add()
                await gate.wait()
                return .text(.ok, "done")
            }
        }) { server in
            let idle = try await server.connect(), busy = try await server.connect()
            try await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await idle.readResponse().hasSuffix("hello world"))
            try await busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually { started.value == 1 }
            async let drained: Void = server.server.drain(within: .seconds(30))
            #expect(try await idle.readToEnd() == "")
            try await eventually { (try? await server.connect()) == nil }
            gate.open()
            let answer = try await busy.readToEnd()
            #expect(answer.hasSuffix("done") && answer.has("Connection: close"))
            await drained
        }
    }

    @Test func `draining cancels remaining requests after its time limit`() async throws {
        let started = Tally(), cancelled = Tally()
        try await TestServer.with(routes: { router in
            router.add(.get, "/wait") { _ in
                started.add()
                await Gate().wait()
                cancelled.add()
                return .text(.ok, "late")
            }
        }) { server in
            let socket = try await server.connect()
            try await socket.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually { started.value == 1 }
            await server.server.drain(within: .milliseconds(50))
            #expect(try await socket.readToEnd() == "")
            try await eventually { cancelled.value == 1 }
        }
    }

    @Test func `draining ends a stream that waits for its producer`() async throws {
        try await TestServer.with(routes: { router in
            router.add(.get, "/events") { _ in
                let made = Tally()
                return HTTPResponse(
                    .ok,
                    body: .stream {
                        if made.add() > 1 { await Gate().wait() }
                        return Array("data: 1\n\n".utf8)
                    })
            }
        }) { server in
            let socket = try await server.connect()
            try await socket.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.read { $0.has("data: 1") }.has("data: 1"))
            await server.server.drain(within: .milliseconds(50))
            #expect(try await !socket.readToEnd().hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a request stays on the loop that took it`() async throws {
        try await TestServer.with(routes: { router in
            router.add(.get, "/where") { _ in
                let before = EventLoop.current?.name
                await Task.yield()
                return .text(.ok, before != nil && before == EventLoop.current?.name ? "same" : "other")
            }
        }) { server in
            let answer = try await server.exchange("GET /where HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.hasSuffix("same"))
        }
    }
}
