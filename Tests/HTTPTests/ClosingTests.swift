import EventLoop
@testable import HTTP
import HubTesting
import Testing

/// No connection outlives its client or keeps its loop busy, and a refused client can read the reason.
struct ClosingTests {
    private static let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// A server on a separate loop.
    private static func withServer(
        _ configure: (inout HTTPServerConfiguration) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
    ) async throws {
        let loops = try EventLoopGroup(count: 1, name: "closing")
        try await TestServer.with(configure, loops: loops, routes: ServerTests.routes, body)
        await loops.shutdown()
    }

    private static func expectQuiet(_ server: TestServer) async throws {
        let answer = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasSuffix("hello world"))
        try await eventually("connections are left") { server.server.connectionCount == 0 }
        try await eventually("the loop never rests") { ThreadLook("closing-0")?.isAsleep == true }
    }

    @Test(arguments: [("", 30_000), ("", 24_000), ("", 20), ("1;", 30_000), ("1;a=", 300), ("1\r\nx\r\n", 30_000)])
    func `an endless chunk line is refused and its connection freed`(start: String, zeros: Int) async throws {
        try await Self.withServer { server in
            let answer = try await server.exchange(Self.chunked + start + String(repeating: "0", count: zeros))
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.has(#""code":"malformed-request""#))
            try await Self.expectQuiet(server)
        }
    }

    @Test(arguments: ["", "1;"])
    func `a chunk line that drips is refused at its limit`(start: String) async throws {
        try await Self.withServer { server in
            let socket = try await server.connect()
            try await socket.send(Self.chunked + start)
            for _ in 0..<300 { if (try? await socket.send("0")) == nil { break } }
            #expect(try await socket.readToEnd().hasPrefix("HTTP/1.1 400"))
            try await Self.expectQuiet(server)
        }
    }

    @Test func `five hundred endless chunk lines leave no descriptor and no busy loop`() async throws {
        try await Self.withServer { server in
            let before = ThreadLook.descriptorCount
            let request = Self.chunked + String(repeating: "0", count: 30_000)
            var sockets: [RawSocket] = []
            for _ in 0..<500 {
                let socket = try await server.connect()
                try await socket.send(request)
                sockets.append(socket)
            }
            for _ in 0..<20 {
                let answer = try await server.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(answer.hasSuffix("hello world"))
            }
            sockets = []
            try await Self.expectQuiet(server)
            try await eventually("descriptors are left") { ThreadLook.descriptorCount <= before }
        }
    }

    @Test(arguments: ["Content-Length: 8000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7a1200\r\n"])
    func `all of forty clients that send too large a body can read the refusal`(head: String) async throws {
        try await Self.withServer { server in
            let body = [UInt8](repeating: 120, count: 8_000_000)
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        let socket = try await server.connect()
                        try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(head)")
                        try await socket.send(body)
                        return try await socket.readToEnd()
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.hasPrefix("HTTP/1.1 413") && $0.has(#""code":"body-too-large""#) } == 40)
            try await Self.expectQuiet(server)
        }
    }

    @Test func `a client that keeps sending after a refusal is disconnected`() async throws {
        try await Self.withServer({ $0.lingerBytesMax = 1_000_000 }) { server in
            let socket = try await server.connect()
            try await socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n")
            let piece = [UInt8](repeating: 120, count: 100_000)
            try await eventually { (try? await socket.send(piece)) == nil }
            try await Self.expectQuiet(server)
        }
    }

    @Test func `a silent client is disconnected after a refusal`() async throws {
        try await Self.withServer({ $0.lingerTimeout = .milliseconds(100) }) { server in
            let socket = try await server.connect()
            try await socket.send("rubbish\r\n\r\n")
            #expect(try await socket.readToEnd().hasPrefix("HTTP/1.1 400"))
            try await eventually { server.server.connectionCount == 0 }
            withExtendedLifetime(socket) {}
        }
    }

    @Test func `an unread response does not hold its connection`() async throws {
        try await Self.withServer({ $0.idleTimeout = .milliseconds(300) }) { server in
            var sockets: [RawSocket] = []
            for path in ["/endless", "/large"] {
                let socket = try await server.connect()
                socket.limitReceiveBuffer(4 * 1024)
                for _ in 0..<8 { try await socket.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") }
                sockets.append(socket)
            }
            try await Self.expectQuiet(server)
            withExtendedLifetime(sockets) {}
        }
    }

    @Test func `a slowly read response does not hold its connection`() async throws {
        try await Self.withServer({
            $0.bodyTimeout = .milliseconds(100)
            $0.bodyBytesPerSecondMin = 1 << 30
        }) { server in
            let socket = try await server.connect()
            socket.limitReceiveBuffer(4 * 1024)
            try await socket.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            let all = Tally()
            try await eventually {
                let byteCount = all.value + 2_000
                all.add(try await socket.read { $0.utf8.count >= 2_000 }.utf8.count)
                return all.value < byteCount
            }
            try await Self.expectQuiet(server)
        }
    }

    @Test(arguments: [
        "", "GET /hel", "GET /hello HTTP/1.1\r\nHost: a\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n1",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n1",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\nExpect: 100-continue\r\n\r\n",
        chunked, chunked + "5;a", chunked + "5\r\nab", chunked + "0\r\nA: b",
        "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", "rubbish\r\n\r\n",
    ])
    func `a reset ends the connection whatever it is doing`(request: String) async throws {
        let loops = try EventLoopGroup(count: 1, name: "closing")
        try await TestServer.with(
            loops: loops,
            routes: { router in
                ServerTests.routes(&router)
                router.add(.get, "/wait") { _ in
                    await Gate().wait()
                    return .text(.ok, "")
                }
                router.add(.post, "/ignore") { _ in
                    await Gate().wait()
                    return .text(.ok, "")
                }
            }
        ) { server in
            for isOverfull in [false, true] {
                var socket: RawSocket? = try await server.connect()
                try await socket?.send(request)
                // More than is read ahead: the server does not watch for bytes any longer.
                if isOverfull { _ = try await socket?.sendUntilHeld(limit: 16_000_000) }
                socket?.reset()
                socket = nil
                try await eventually { server.server.connectionCount == 0 }
            }
            try await Self.expectQuiet(server)
        }
        await loops.shutdown()
    }

    @Test func `pipelined requests after a refused one are not handled`() async throws {
        let calls = Tally()
        try await TestServer.with(routes: { router in
            router.add(.post, "/{path...}", bodyBytesMax: 10) { _ in
                calls.add()
                return .text(.ok, "")
            }
        }) { server in
            let next = "POST /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
            // After its bytes are discarded, the connection continues.
            let small = try await server.exchange(
                "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901" + next)
            #expect(small.hasPrefix("HTTP/1.1 413") && small.has("HTTP/1.1 200 OK") && calls.value == 1)
            let large = try await server.exchange(
                "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + next)
            #expect(large.hasPrefix("HTTP/1.1 413") && large.count(of: "HTTP/1.1 ") == 1 && calls.value == 1)
        }
    }
}
