public import EventLoop
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// An HTTP/1.1 server: one listening socket per loop, all on the same port. The loop that accepted a connection serves all its requests.
///
/// A started server must be drained before it is released.
public final class HTTPServer: Sendable {
    public let configuration: HTTPServerConfiguration
    private let loops: EventLoopGroup
    private let router: Router
    private let admission: Admission
    private let state = Mutex(State.new)

    private enum State {
        case new
        case started([Listener])
        case ended
    }

    public init(configuration: HTTPServerConfiguration, loops: EventLoopGroup, router: Router) {
        self.configuration = configuration
        self.loops = loops
        self.router = router
        admission = Admission(configuration)
    }

    /// The number of open, admitted connections.
    var connectionCount: Int { admission.count }

    /// Checks that a server could listen there now.
    /// - Parameter port: 0 for any free port.
    public static func check(host: String, port: Int) throws(HTTPServerError) {
        guard var number = UInt16(exactly: port) else { throw cannotListen(host, port, EINVAL) }
        do throws(SystemError) {
            try Socket.listen(host, port: &number, probes: true).close()
        } catch {
            throw cannotListen(host, port, error.code)
        }
    }

    /// Starts listening. A server can be started once.
    /// - Returns: the port.
    public func start() async throws(HTTPServerError) -> Int {
        let isNew = state.withLock { state in
            guard case .new = state else { return false }
            state = .started([])
            return true
        }
        guard isNew else { throw .alreadyStarted }
        guard var port = UInt16(exactly: configuration.port) else {
            throw Self.cannotListen(configuration.host, configuration.port, EINVAL)
        }
        for (index, loop) in loops.loops.enumerated() {
            let socket: Socket
            do throws(SystemError) {
                socket = try Socket.listen(configuration.host, port: &port, probes: index == 0)
            } catch {
                await drain(within: .zero)
                throw Self.cannotListen(configuration.host, configuration.port, error.code)
            }
            let listener = Listener(loop: loop, configuration: configuration, router: router, admission: admission)
            let failure = await on(loop) { () -> HTTPServerError? in
                do throws(HTTPServerError) { try listener.start(socket) } catch { return error }
                return nil
            }
            if let failure {
                await drain(within: .zero)
                throw failure
            }
            state.withLock { state in
                if case .started(let listeners) = state { state = .started(listeners + [listener]) }
            }
        }
        return Int(port)
    }

    /// Stops accepting, closes idle connections, waits at most `limit` for running requests, then cancels them and closes. The server
    /// cannot be started again.
    public func drain(within limit: Duration) async {
        let listeners = state.withLock { state in
            defer { state = .ended }
            if case .started(let listeners) = state { return listeners }
            return []
        }
        await withTaskGroup { group in
            for listener in listeners {
                group.addTask {
                    await self.on(listener.loop) {
                        await listener.drain(within: limit)
                        listener.stop()
                    }
                }
            }
        }
    }

    /// Cancelling the caller does not cancel `body`: a shutdown, once begun, is completed.
    private func on<Result: Sendable>(
        _ loop: EventLoop, _ body: @escaping @Sendable () async -> Result
    ) async -> Result {
        await Task(executorPreference: loop, operation: body).value
    }

    private static func cannotListen(_ host: String, _ port: Int, _ code: Int32) -> HTTPServerError {
        code == EADDRINUSE
            ? .addressInUse(host: host, port: port) : .cannotListen(host: host, port: port, errno: code)
    }
}
