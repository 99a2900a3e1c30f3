internal import EventLoop

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One loop's part of a server: a listening socket, its connections and their timer.
// @unchecked: accessed on its loop only, except for constants.
final class Listener: @unchecked Sendable {
    /// The maximum per loop iteration.
    private static let acceptCountMax = 64
    /// The maximum number of refused connections that still receive an error response; beyond it they are closed.
    private static let refusedCountMax = 64
    private static let readBytesMax = 64 * 1024

    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let limits: TickLimits
    let router: Router
    let handler: HTTPHandler
    /// The shared read buffer of all connections: unconsumed bytes are copied out before the next read.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytesMax, alignment: 16)
    /// The value of `Date`, at most one tick old.
    private(set) var date: [UInt8] = []
    private let admission: Admission
    private var socket: Socket?
    private var acceptWatch: Watch?
    private var timer: Watch?
    private var connections: [ServerConnection] = []
    private var refusedCount = 0
    private var emptied: CheckedContinuation<Void, Never>?
    private(set) var isDraining = false
    private var isStopped = false

    init(loop: EventLoop, configuration: HTTPServerConfiguration, router: Router, admission: Admission) {
        self.loop = loop
        self.configuration = configuration
        limits = TickLimits(configuration)
        self.router = router
        self.handler = router.handler()
        self.admission = admission
    }

    deinit { readBuffer.deallocate() }

    /// Takes ownership of the socket.
    func start(_ socket: Socket) throws(HTTPServerError) {
        loop.preconditionCurrent()
        self.socket = socket
        date = HTTPDate.bytes(time(nil))
        do throws(EventLoopError) {
            try watchSocket()
            try scheduleTick()
        } catch {
            stop()
            throw .outOfResources
        }
    }

    private func scheduleTick() throws(EventLoopError) {
        timer = try loop.schedule(after: limits.tick) { [weak self] in self?.tick() }
    }

    private func tick() {
        date = HTTPDate.bytes(time(nil))
        for connection in connections { connection.tick() }
        // Accepting was paused because no file descriptor was available.
        if acceptWatch == nil { try? watchSocket() }
        // If no timer can be created, the server continues without timeouts.
        try? scheduleTick()
    }

    // MARK: Connections

    private func watchSocket() throws(EventLoopError) {
        guard let socket else { return }
        acceptWatch = try loop.watch(socket.descriptor, for: .read) { [weak self] _ in self?.accept() }
    }

    private func accept() {
        guard let socket else { return }
        for _ in 0..<Self.acceptCountMax {
            do throws(SystemError) {
                guard let (accepted, address) = try socket.accept() else { return }
                open(accepted, address)
            } catch {
                // Other errors concern one connection that has already closed.
                guard error.isOutOfResources else { continue }
                acceptWatch?.cancel()
                acceptWatch = nil
                return
            }
        }
    }

    private func open(_ socket: Socket, _ address: String) {
        let isAdmitted = admission.admit(address)
        if !isAdmitted {
            guard refusedCount < Self.refusedCountMax else { return socket.close() }
            refusedCount += 1
        }
        let connection = ServerConnection(socket, listener: self, remoteAddress: address, isAdmitted: isAdmitted)
        connection.index = connections.count
        connections.append(connection)
        if isAdmitted { connection.adjustReading() } else { connection.refuse(.tooManyConnections, fields: [:]) }
    }

    func remove(_ connection: ServerConnection) {
        if connection.isAdmitted { admission.dismiss(connection.remoteAddress) } else { refusedCount -= 1 }
        let last = connections.removeLast()
        if last !== connection {
            last.index = connection.index
            connections[connection.index] = last
        }
        if connections.isEmpty { resumeEmptied() }
    }

    // MARK: Shutdown

    /// Stops accepting and closes idle connections; returns when no connection is left, or after `limit`.
    func drain(within limit: Duration) async {
        guard socket != nil, !isDraining else { return }
        isDraining = true
        // Serves connections the kernel has already accepted, and requests that have already arrived.
        accept()
        closeSocket()
        for connection in connections where connection.isIdle { connection.read() }
        for connection in connections where connection.isIdle { connection.close() }
        guard let timer = try? loop.schedule(after: limit, { [weak self] in self?.resumeEmptied() }) else { return }
        await withCheckedContinuation { continuation in
            if connections.isEmpty { continuation.resume() } else { emptied = continuation }
        }
        timer.cancel()
    }

    private func resumeEmptied() {
        emptied?.resume()
        emptied = nil
    }

    private func closeSocket() {
        acceptWatch?.cancel()
        acceptWatch = nil
        socket?.close()
        socket = nil
    }

    func stop() {
        if isStopped { return }
        isStopped = true
        timer?.cancel()
        timer = nil
        closeSocket()
        for connection in connections { connection.close() }
    }
}
