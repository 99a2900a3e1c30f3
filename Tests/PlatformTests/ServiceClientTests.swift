import Contracts
import Foundation
import HTTP
import HubTesting
import Messaging
import Observability
import ServiceTesting
import Synchronization
import Testing

@testable import Platform

/// A caller and the service it calls, over a real socket.
private struct Callee: Sendable {
    let client: ServiceClient
    let server: HTTPServer
    let directory: ServiceDirectory
    let clock = TestClock()

    struct Thing: Codable, Equatable { let name: String }

    static func with(
        timeout: Duration = .seconds(10), _ add: @escaping @Sendable (inout Routes) -> Void,
        _ body: @escaping @Sendable (Callee) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            let callee = try await Callee(test, timeout, add)
            try await body(callee)
            await callee.server.drain(within: .zero)
        }
    }

    init(_ test: TestDatabase, _ timeout: Duration, _ add: (inout Routes) -> Void) async throws {
        let clock = clock
        directory = ServiceDirectory()
        let context = try ServiceContext.make(.payment, on: test.database, clock: clock, directory: directory)
        var routes = Routes(context)
        add(&routes)
        server = HTTPServer(configuration: .init(), loops: TestLoops.shared, router: routes.router)
        directory[.course] = ServiceDirectory.url(host: "127.0.0.1", port: try await server.start())
        client = ServiceClient(context, timeout: timeout)
    }
}

@Suite struct ServiceClientTests {
    @Test func `a response is decoded, and the callee gets the identity of the caller`() async throws {
        try await Callee.with {
            $0.get("/internal/things/{id}", .service(.payment)) { request in
                #expect(request.identity == .service(.payment))
                return try .ok(Callee.Thing(name: request.http.pathParameters["id"] ?? ""))
            }
        } _: { callee in
            let thing = try await callee.client.get(.course, "/internal/things/a", as: Callee.Thing.self)
            #expect(thing == Callee.Thing(name: "a"))
        }
    }

    @Test func `a service that is not listed at a route is refused there`() async throws {
        try await Callee.with {
            $0.get("/internal/things", .service(.content, .review)) { _ in .noContent }
        } _: { callee in
            let error = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, .get, "/internal/things")
            }
            #expect(error?.refusalCode == "not-allowed")
            #expect(error?.failureClass == .permanent)
        }
    }

    @Test func `a refusal carries the problem of the callee`() async throws {
        try await Callee.with {
            $0.post("/internal/things", .service(.payment)) { _ in
                throw Problem(.conflict, "already-enrolled", detail: "once is enough")
            }
        } _: { callee in
            let error = await #expect(throws: ServiceCallError.self) {
                try await callee.client.post(
                    .course, "/internal/things", Callee.Thing(name: "a"), as: Callee.Thing.self)
            }
            #expect(error?.refusalCode == "already-enrolled")
            #expect(error?.problem.status == .conflict && error?.problem.detail == "once is enough")
        }
    }

    @Test func `an unreachable or slow service is down, and a consumer waits for it`() async throws {
        let gate = Gate()
        try await Callee.with(timeout: .milliseconds(200)) {
            $0.get("/internal/slow", .service(.payment)) { _ in
                await gate.wait()
                return .noContent
            }
        } _: { callee in
            for (service, path) in [(ServiceName.course, "/internal/slow"), (.content, "/internal/x")] {
                let error = await #expect(throws: ServiceCallError.self) {
                    try await callee.client.call(service, .get, path)
                }
                guard case .down(service) = error else { Issue.record("\(String(describing: error))"); continue }
                #expect(error?.failureClass == .dependencyDown)
                #expect(error?.problem.status == .serviceUnavailable)
            }
            gate.open()
        }
    }

    @Test func `busy differs from down, and has the time to wait`() async throws {
        try await Callee.with {
            $0.get("/internal/things", .service(.payment)) { _ in throw Problem.tooBusy(retryAfterSeconds: 7) }
        } _: { callee in
            let error = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, .get, "/internal/things")
            }
            guard case .busy(.course, retryAfterSeconds: 7) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.failureClass == .dependencyDown)
        }
    }

    @Test(arguments: [
        (HTTPMethod.get, "/internal/things/later"), (.delete, "/internal/things"), (.get, "/internal/unknown-caller"),
    ])
    func `a service of another version or secret is waited for, and has not refused`(
        method: HTTPMethod, path: String
    ) async throws {
        try await Callee.with {
            $0.get("/internal/things", .service(.payment)) { _ in throw Problem.notFound }
            $0.get("/internal/unknown-caller", .service(.payment)) { _ in throw Problem.notFromTheGateway }
        } _: { callee in
            let lacking = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, method, path)
            }
            #expect(lacking?.refusalCode == nil && lacking?.failureClass == .dependencyDown)
            let missing = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, .get, "/internal/things")
            }
            #expect(missing?.refusalCode == "not-found")
        }
    }

    @Test func `a malformed response differs from a refusal, and is retried`() async throws {
        try await Callee.with {
            $0.get("/internal/things", .service(.payment)) { _ in try .ok(["other": 1]) }
        } _: { callee in
            let error = await #expect(throws: ServiceCallError.self) {
                try await callee.client.get(.course, "/internal/things", as: Callee.Thing.self)
            }
            guard case .malformed(.course) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(error?.failureClass == .transient)
        }
    }

    @Test func `a service that fails repeatedly is not called until a pause has passed`() async throws {
        try await Callee.with { _ in
        } _: { callee in
            let address = callee.directory[.course]
            callee.directory[.course] = "http://127.0.0.1:1"
            for _ in 0..<10 { _ = try? await callee.client.call(.course, .get, "/internal/things") }
            callee.directory[.course] = address
            let spared = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, .get, "/internal/things")
            }
            guard case .down = spared else { Issue.record("\(String(describing: spared))"); return }
            callee.clock.advance(by: 5)
            let asked = await #expect(throws: ServiceCallError.self) {
                try await callee.client.call(.course, .get, "/internal/things")
            }
            guard case .unsupported = asked else { Issue.record("\(String(describing: asked))"); return }
        }
    }

    @Test(arguments: [("pay_1", 2), (nil, 1)])
    func `a call is retried after an incomplete response only if it has a key`(key: String?, calls: Int)
        async throws
    {
        let count = Mutex(0)
        try await Callee.with {
            $0.post("/internal/things", .service(.payment)) { _ in
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                if isFirst { return HTTPResponse(.ok, body: .stream(length: 100) { throw Broken() }) }
                return try .ok(Callee.Thing(name: "made"))
            }
        } _: { callee in
            let answer = try? await callee.client.post(
                .course, "/internal/things", Callee.Thing(name: "a"), key: key, as: Callee.Thing.self)
            #expect(answer?.name == (key == nil ? nil : "made"))
            #expect(count.withLock { $0 } == calls)
        }
    }

    private struct Broken: Error {}
}
