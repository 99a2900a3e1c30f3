internal import CMicrohttpd
internal import EventLoop

/// A server's part on one loop: a daemon of libmicrohttpd, its connections and its clock.
// @unchecked: touched on its loop alone, but for what never changes.
final class Listener: @unchecked Sendable {
    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let router: Router
    let handler: HTTPHandler
    private let admission: Admission
    private var http: OpaquePointer?
    private var watches: [Watch] = []
    private var connections: [ServerConnection] = []
    private var nudged: [ServerConnection] = []
    private var emptied: CheckedContinuation<Void, Never>?
    private(set) var isDraining = false
    private(set) var isStopped = false

    // Deadlines are counted in ticks of one coarse timer: no clock is read and no timer set for a request.
    private(set) var ticks = 0
    private let tick: Duration
    let headerTicks: Int
    let idleTicks: Int
    private let bodyTicks: Int
    private let bodyBytesPerTick: Int

    // The driver's task runs the daemon once for all connections resumed in a turn of the loop.
    private var isRunWanted = false
    private var parked: UnsafeContinuation<Void, Never>?

    init(loop: EventLoop, configuration: HTTPServerConfiguration, router: Router, admission: Admission) {
        self.loop = loop
        self.configuration = configuration
        self.router = router
        self.handler = router.handler()
        self.admission = admission
        let shortest = min(configuration.headerTimeout, configuration.idleTimeout, configuration.bodyTimeout)
        let tick = min(max(shortest / 8, .milliseconds(10)), .seconds(1))
        self.tick = tick
        headerTicks = Int((configuration.headerTimeout / tick).rounded(.up)) + 1
        idleTicks = Int((configuration.idleTimeout / tick).rounded(.up)) + 1
        bodyTicks = Int((configuration.bodyTimeout / tick).rounded(.up)) + 1
        bodyBytesPerTick = max(1, Int(Double(configuration.bodyBytesPerSecondMin) * (tick / .seconds(1))))
    }

    /// How many ticks may be spent on waiting for a body of which so many bytes have come.
    func bodyTicksMax(byteCount: Int) -> Int { bodyTicks + byteCount / bodyBytesPerTick }

    /// Takes the socket over.
    func start(_ socket: Int32) throws(HTTPServerError) {
        loop.preconditionCurrent()
        var callbacks = hub_http_callbacks()
        callbacks.context = Unmanaged.passUnretained(self).toOpaque()
        callbacks.setAll()
        // Room for the largest header, the list of its fields and the answer's header. The library clears all of it for every
        // request, so it is no larger than need be. Its own time-out is the net below ours.
        let bytes = configuration.headerBytesMax + 8 * 1024
        let seconds = UInt32(clamping: configuration.idleTimeout.components.seconds + 5)
        let connectionsMax = UInt32(clamping: configuration.connectionsMax + 64)
        guard let http = hub_http_new(socket, bytes, connectionsMax, seconds, &callbacks) else { throw .outOfResources }
        self.http = http
        do throws(EventLoopError) {
            watches.append(
                try loop.watch(hub_http_descriptor(http), for: .read) { [unowned self] _ in run() })
            watches.append(
                try loop.watch(hub_http_departures_descriptor(http), for: .read) { _ in hub_http_run_departures(http) })
            try scheduleTick()
        } catch {
            stop()
            throw .outOfResources
        }
        loop.start("http driver") { await self.drive() }
        run()
    }

    // MARK: Running the daemon

    /// Runs the daemon soon: once for all that ask in this turn of the loop.
    func wake() {
        if isRunWanted { return }
        isRunWanted = true
        parked?.resume()
        parked = nil
    }

    private func drive() async {
        while !isStopped {
            await withUnsafeContinuation { continuation in
                // Looked at here and not before: others may have run on the loop until now.
                if isRunWanted || isStopped { continuation.resume() } else { parked = continuation }
            }
            run()
            // Asked for from within the run: others on the loop come first.
            if isRunWanted { loop.start("http driver, again") { self.run() } }
            isRunWanted = false
        }
    }

    private func run() {
        guard let http, !isStopped else { return }
        isRunWanted = false
        for connection in nudged { connection.nudge() }
        nudged.removeAll(keepingCapacity: true)
        if hub_http_run(http) != 0 { wake() }
    }

    /// Has the daemon read from the connection in the next run.
    func nudge(_ connection: ServerConnection) {
        if connection.isNudged { return }
        connection.isNudged = true
        nudged.append(connection)
        wake()
    }

    private func scheduleTick() throws(EventLoopError) {
        let timer = try loop.schedule(after: tick) { [unowned self] in
            ticks += 1
            for connection in connections { connection.checkDeadline() }
            wake()
            // Without memory for a timer the server goes on without time-outs of its own.
            try? scheduleTick()
        }
        if watches.count == 3 { watches[2] = timer } else { watches.append(timer) }
    }

    // MARK: Connections

    func open(_ peer: OpaquePointer, _ address: String) -> ServerConnection? {
        guard admission.admit(address) else {
            let bytes = LastWord.bytes(router.refusal(.tooManyConnections, of: [:]))
            hub_http_peer_send(peer, bytes, bytes.count)
            return nil
        }
        let connection = ServerConnection(peer, listener: self, remoteAddress: address)
        connection.index = connections.count
        connections.append(connection)
        return connection
    }

    func close(_ connection: ServerConnection) {
        admission.dismiss(connection.remoteAddress)
        let last = connections.removeLast()
        if last !== connection {
            last.index = connection.index
            connections[connection.index] = last
        }
        if connection.isNudged { nudged.removeAll { $0 === connection } }
        if connections.isEmpty { resumeEmptied() }
    }

    // MARK: The end

    /// Stops accepting and closes what is idle; returns when no connection is left, or after `limit`.
    func drain(within limit: Duration) async {
        guard let http, !isDraining else { return }
        isDraining = true
        // Takes what the kernel has accepted for us already.
        run()
        hub_http_quiesce(http)
        for connection in connections where connection.isIdle { connection.hangUp() }
        run()
        guard let timer = try? loop.schedule(after: limit, { [unowned self] in resumeEmptied() }) else { return }
        await withCheckedContinuation { continuation in
            if connections.isEmpty { continuation.resume() } else { emptied = continuation }
        }
        timer.cancel()
    }

    private func resumeEmptied() {
        emptied?.resume()
        emptied = nil
    }

    func stop() {
        if isStopped { return }
        isStopped = true
        for watch in watches { watch.cancel() }
        watches = []
        for connection in connections { connection.stop() }
        // The daemon may not be freed while it holds a suspended connection: one run takes them out of suspension.
        if let http {
            _ = hub_http_run(http)
            hub_http_free(http)
        }
        http = nil
        parked?.resume()
        parked = nil
    }
}
