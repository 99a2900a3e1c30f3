import EventLoop
import HTTP
import HubTesting
import Synchronization

/// A server of a test's own on a free port, drained when the test is through.
struct TestServer {
    let port: Int
    let server: HTTPServer
    var url: String { "http://127.0.0.1:\(port)" }

    static func with(
        _ configure: (inout HTTPServerConfiguration) -> Void = { _ in }, loops: EventLoopGroup = TestLoops.shared,
        routes: (inout Router) -> Void, _ body: (TestServer) async throws -> Void
    ) async throws {
        var router = Router()
        routes(&router)
        var configuration = HTTPServerConfiguration()
        configure(&configuration)
        let server = HTTPServer(configuration: configuration, loops: loops, router: router)
        let port = try await server.start()
        do {
            try await body(TestServer(port: port, server: server))
        } catch {
            await server.drain(within: .zero)
            throw error
        }
        await server.drain(within: .zero)
    }

    func connect() async throws -> RawSocket {
        let port = port
        return try await RawSocket.blocking { try RawSocket.connect(port) }
    }

    /// Sends `request` on a connection of its own.
    /// - Returns: all that comes until the server closes.
    func exchange(_ request: String) async throws -> String {
        let socket = try await connect()
        try await socket.send(request)
        return try await socket.readToEnd()
    }
}

/// A number that tests and handlers share.
final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    @discardableResult
    func add(_ more: Int = 1) -> Int {
        state.withLock {
            $0 += more
            return $0
        }
    }
}

/// Holds whoever waits until it is opened; a cancelled waiter goes on at once.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    func wait() async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.isOpen || state.cancelled.contains(number) { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(number)
                return state.waiters.removeValue(forKey: number)
            }
            waiter?.resume()
        }
    }
}
