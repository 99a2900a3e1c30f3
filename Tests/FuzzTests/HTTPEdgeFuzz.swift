import EventLoop
@testable import HTTP
import HubTesting
import Testing

/// Broken requests over real sockets, on one loop: no crash, no hang, no delay of other clients.
struct HTTPEdgeFuzz {
    private static let mutator = Mutator(
        corpus: [
            "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /hello?a=b&c=%20d HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
            "GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "POST /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + String(repeating: "x", count: 70_000),
            "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + String(repeating: "x", count: 70_000),
            "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00\r\nTrailer: 1\r\n\r\n",
            "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "0", count: 30_000),
        ],
        tokens: [
            "\r\n", "\n", "\r", "\r\n\r\n", "0\r\n\r\n", " ", "\t", ":", ";", ",", "\u{0}", "%00", "%", "..", "*", "/",
            "?",
            "#", "@", "http://", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "GET ", "POST ", "Host: a\r\n",
            "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
            "Expect: 100-continue\r\n", "ffffffffffffffff", "7fffffffffffffff", "5\r\nhello\r\n", " folded\r\n",
        ])

    private static func routes(_ router: inout Router) {
        router.add(.get, "/hello") { _ in .text(.ok, "hello") }
        router.add(.get, "/large") { _ in HTTPResponse(.ok, body: .bytes([UInt8](repeating: 97, count: 300_000))) }
        router.add(.get, "/stream") { _ in
            let parts = Parts()
            return HTTPResponse(.ok, body: .stream { await parts.next() })
        }
        router.add(.post, "/ignore") { _ in .text(.ok, "ignored") }
        router.add(.post, "/read", bodyBytesMax: 100_000) { request in
            var count = 0
            do { for try await chunk in request.body { count += chunk.count } } catch { return .text(.badRequest, "") }
            return .text(.ok, "\(count)")
        }
    }

    /// The behaviour of a client after it has sent its data.
    private enum Ending: CaseIterable { case wait, close, halfClose, reset }

    @Test func `no request stops the server or outlives its client`() async throws {
        let loops = try EventLoopGroup(count: 1, name: "edge")
        var router = Router()
        Self.routes(&router)
        var configuration = HTTPServerConfiguration()
        configuration.headerTimeout = .milliseconds(200)
        configuration.idleTimeout = .milliseconds(200)
        configuration.bodyTimeout = .milliseconds(200)
        let server = HTTPServer(configuration: configuration, loops: loops, router: router)
        let port = try await server.start()
        try await Fuzz.run("http.edge", rounds: 10) { chance in
            let scripts = (0..<40).map { _ in Self.script(&chance) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (pieces, ending) in scripts {
                    group.addTask { try await Self.play(pieces, ending, on: port) }
                }
                try await group.waitForAll()
            }
            try await Self.expectAnswer(on: port)
            try await eventually("a connection outlives its client") { server.connectionCount == 0 }
        }
        await server.drain(within: .seconds(5))
        await loops.shutdown()
    }

    private static func script(_ chance: inout Chance) -> (pieces: [[UInt8]], ending: Ending) {
        let requests = (0..<chance.number(1...4)).flatMap { _ in mutator.input(&chance) }
        return (chance.pieces(of: requests, atMost: 6), chance.pick(Ending.allCases))
    }

    private static func play(_ pieces: [[UInt8]], _ ending: Ending, on port: Int) async throws {
        let socket = try await RawSocket.blocking { try RawSocket.connect(port) }
        // The server may close the connection before it has read everything.
        for piece in pieces { if (try? await socket.send(piece)) == nil { break } }
        switch ending {
        case .close: return
        case .reset: return socket.reset()
        case .halfClose: socket.shutdownSending()
        case .wait: break
        }
        // Fails if the server neither responds nor closes within ten seconds.
        _ = try await socket.read { _ in false }
    }

    /// Checks that the next client gets a response.
    private static func expectAnswer(on port: Int) async throws {
        let socket = try await RawSocket.blocking { try RawSocket.connect(port) }
        try await socket.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(try await socket.readToEnd().hasSuffix("hello"))
    }
}

/// Three chunks of a body.
private actor Parts {
    private var count = 0
    func next() -> [UInt8]? {
        count += 1
        return count <= 3 ? Array("part;".utf8) : nil
    }
}
