import EventLoop
import Foundation
import HubTesting
import Testing

/// A server whose process has no free descriptor.
struct DescriptorTests {
    private static let request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Uses up the descriptors of this process, after a reduction of their limit.
    private static func takeAll() -> [Int32] {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        limit.rlim_cur = 256
        setrlimit(resource, &limit)
        var taken: [Int32] = []
        while case let copy = dup(STDERR_FILENO), copy >= 0 { taken.append(copy) }
        #expect(errno == EMFILE)
        return taken
    }

    /// Has whatever `eventually` waits with take the descriptors it needs.
    private static func prepareToWait() async throws {
        var roundCount = 0
        try await eventually {
            roundCount += 1
            return roundCount == 2
        }
    }

    private static func giveBackOne(of taken: inout [Int32]) {
        if let descriptor = taken.popLast() { close(descriptor) }
    }

    @Test func `a connection without a free descriptor is served later, without a busy loop`() async {
        // In a separate process, because nothing else can open a descriptor there.
        await #expect(processExitsWith: .success) {
            let loops = try EventLoopGroup(count: 1, name: "starved")
            try await TestServer.with(loops: loops, routes: ServerTests.routes) { server in
                let thread = try #require(ThreadLook("starved-0")), early = try await server.connect()
                try await early.send(Self.request)
                #expect(try await early.readResponse().hasSuffix("hello world"))
                try await Self.prepareToWait()
                var taken = Self.takeAll(), clients = [early]
                for _ in 0..<3 {
                    // For the client's end alone.
                    Self.giveBackOne(of: &taken)
                    let late = try await server.connect()
                    try await late.send(Self.request)
                    try await eventually("the loop never rests") { thread.isAsleep }
                    try await early.send(Self.request)
                    #expect(try await early.readResponse().hasSuffix("hello world"))
                    Self.giveBackOne(of: &taken)
                    #expect(try await late.readResponse().hasSuffix("hello world"))
                    clients.append(late)
                }
                for descriptor in taken { close(descriptor) }
                withExtendedLifetime(clients) {}
            }
            await loops.shutdown()
        }
    }
}
