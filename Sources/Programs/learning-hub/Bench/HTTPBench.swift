internal import EventLoop
internal import HTTP

/// A request that is suspended and resumed, on one loop.
enum HTTPBench {
    private static let runs = 5

    static let rows = [
        BenchRow(name: "http.request", unit: .perSecond) { _ in
            var router = Router()
            router.add(.get, "/") { _ in
                HTTPResponse(.ok, fields: ["content-type": "text/plain"], body: .text("hello, world"))
            }
            let loops = try EventLoopGroup(count: 1, name: "bench")
            var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
            configuration.connectionsPerAddressMax = 10_000
            let server = HTTPServer(configuration: configuration, loops: loops, router: router)
            let port = try await server.start()
            var twins: [Double] = []
            var values: [Double] = []
            // In turns, so that other load affects both.
            let twin = try BenchHub.twins.map { try ChildProcess(["\($0)/http-twin", "0"]) }
            let twinPort = twin?.line().flatMap { Int($0) }
            for _ in 0..<runs {
                values.append(try LoadGenerator(port: port).run().perSecond)
                if let twinPort { twins.append(try LoadGenerator(port: twinPort).run().perSecond) }
            }
            twin?.end()
            await server.drain(within: .seconds(1))
            await loops.shutdown()
            return Measurement(values, twin: twins)
        }
    ]
}
