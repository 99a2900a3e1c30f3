internal import EventLoop

/// The connections of one database on one loop.
// @unchecked: confined to its loop, except for the constants.
final class LoopPool: @unchecked Sendable {
    let loop: EventLoop
    let configuration: DatabaseConfiguration
    private let url: String

    private var shared: [Connection] = []
    private var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var connectingShared = 0
    private var connectingAlone = 0
    /// Single statements waiting for a shared connection.
    private var line = FIFO<Statement>()
    /// Transactions waiting for a connection.
    private var waiters = FIFO<Waiter>()

    private var isClosing = false
    private var closed: [CheckedContinuation<Void, Never>] = []
    private var outage: Outage
    /// Set after a failed connection attempt, until the next attempt.
    private(set) var isBackingOff = false
    private var deadline: Watch?
    private var idleCheck: Watch?

    private final class Waiter {
        let since = ContinuousClock.now
        var continuation: CheckedContinuation<Connection, any Error>?

        func finish(_ result: Result<Connection, any Error>) -> Bool {
            guard let continuation else { return false }
            self.continuation = nil
            continuation.resume(with: result)
            return true
        }
    }

    init(url: String, loop: EventLoop, configuration: DatabaseConfiguration, outageStart: OutageStart = .init()) {
        outage = Outage(outageStart)
        self.url = url
        self.loop = loop
        self.configuration = configuration
    }

    var isWithoutConnection: Bool { connections.isEmpty }
    private var sharedMax: Int { max(1, configuration.pipelinedPerLoop) }
    private var aloneMax: Int { max(1, configuration.connectionsPerLoop - sharedMax) }
    private var closedError: PostgresError { PostgresError(.closed, "the database is closed") }

    // MARK: Single statements

    /// Sends a statement on the least busy shared connection, or queues it.
    func submit(_ statement: Statement) {
        if isClosing { return statement.finish(.failure(closedError)) }
        if line.isEmpty, let connection = freeShared() { return connection.submit(statement) }
        if let failure = knownFailure { return statement.finish(.failure(failure)) }
        guard line.count < configuration.waitingCountMax else {
            return statement.finish(.failure(PostgresError(.busy, "\(line.count) statements wait already")))
        }
        statement.waitingSince = .now
        line.append(statement)
        openShared()
        watchDeadlines()
    }

    private func freeShared() -> Connection? {
        var best: Connection?
        for connection in shared where connection.canSend {
            if best.map({ connection.inFlightCount < $0.inFlightCount }) ?? true { best = connection }
        }
        return best
    }

    private func pumpLine() {
        while !line.isEmpty, let connection = freeShared() {
            guard let next = line.popFirst() else { break }
            if !next.isFinished { connection.submit(next) }
        }
        finishClosing()
    }

    /// Requeues a statement that the server did not run.
    private func resend(_ statement: Statement) {
        statement.waitingSince = .now
        line.prepend(statement)
        loop.start("postgres resend") { self.pumpLine() }
    }

    // MARK: Exclusive connections

    /// Acquires a connection for exclusive use; the caller returns it with ``release(_:)``.
    /// - Throws: ``PostgresError``, `CancellationError`.
    func acquire() async throws -> Connection {
        let handle = WaiterHandle()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.enter(continuation, handle) }
            }
        } onCancel: {
            loop.execute { handle.cancel() }
        }
    }

    // @unchecked: accessed on the loop only.
    private final class WaiterHandle: @unchecked Sendable {
        /// nil until it is queued.
        var waiter: Waiter?
        private(set) var isCancelled = false

        func cancel() {
            isCancelled = true
            _ = waiter?.finish(.failure(CancellationError()))
        }
    }

    private func enter(_ continuation: CheckedContinuation<Connection, any Error>, _ handle: WaiterHandle) {
        if handle.isCancelled { return continuation.resume(throwing: CancellationError()) }
        if isClosing { return continuation.resume(throwing: closedError) }
        if waiters.isEmpty {
            while let (connection, _) = idle.popLast() {
                if connection.isOpen { return continuation.resume(returning: connection) }
            }
        }
        if let failure = knownFailure { return continuation.resume(throwing: failure) }
        guard waiters.count < configuration.waitingCountMax else {
            return continuation.resume(throwing: PostgresError(.busy, "\(waiters.count) transactions wait already"))
        }
        let waiter = Waiter()
        waiter.continuation = continuation
        handle.waiter = waiter
        waiters.append(waiter)
        openAlone()
        watchDeadlines()
    }

    /// Returns a connection. A connection that is not idle is closed: its pending responses could not be matched.
    func release(_ connection: Connection) {
        loop.preconditionCurrent()
        connection.firstFailure = nil
        connection.statementTimeout = configuration.statementTimeout
        guard connection.isOpen else { return }
        guard connection.isIdle, !isClosing else { return connection.close() }
        hand(connection)
    }

    private func hand(_ connection: Connection) {
        while let waiter = waiters.popFirst() {
            if waiter.finish(.success(connection)) { return }
        }
        idle.append((connection, .now))
        watchIdle()
    }

    // MARK: Opening

    /// The error to fail with at once: the server is known to be down, and no connection attempt is under way.
    private var knownFailure: PostgresError? { isBackingOff ? outage.known(after: configuration.outageGrace) : nil }

    /// After a failure, one connection attempt at a time is enough.
    private var mayConnect: Bool {
        !isBackingOff && (outage.lastFailure == nil || connectingShared + connectingAlone == 0)
    }

    private func openShared() {
        while shared.count + connectingShared < sharedMax, mayConnect { open(isShared: true) }
    }

    private func openAlone() {
        let alone = connections.count - shared.count
        while connectingAlone < waiters.count, alone + connectingAlone < aloneMax, mayConnect, !isClosing {
            open(isShared: false)
        }
    }

    private func open(isShared: Bool) {
        if isShared { connectingShared += 1 } else { connectingAlone += 1 }
        loop.start("postgres connect") {
            let result: Result<Connection, any Error>
            do {
                let opened = try await Connector.open(url: self.url, self.configuration)
                result = .success(
                    try Connection(opened, loop: self.loop, configuration: self.configuration, isShared: isShared))
            } catch {
                result = .failure(error)
            }
            if isShared { self.connectingShared -= 1 } else { self.connectingAlone -= 1 }
            self.opened(result)
        }
    }

    private func opened(_ result: Result<Connection, any Error>) {
        switch result {
        case .success(let connection):
            outage.ended()
            // Requests queued before the shutdown began are still served.
            if isClosing, line.isEmpty { connection.close() } else { adopt(connection) }
            openForDemand()
        case .failure(let error):
            let failure = error as? PostgresError ?? PostgresError(.connection, "no thread is available to connect")
            outage.failed(failure, hasNone: isWithoutConnection)
            if let known = outage.known(after: configuration.outageGrace) { failWaiting(known) }
            backOff()
            // All remaining requests were queued later.
            deadline?.cancel()
            deadline = nil
            watchDeadlines()
        }
        finishClosing()
    }

    private func adopt(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
        // The end of the connection breaks these reference cycles.
        connection.onClosed = { self.forget($0, wasLost: $1) }
        if connection.isShared {
            connection.onProgress = { _ in self.pumpLine() }
            connection.onResend = { self.resend($0) }
            shared.append(connection)
            pumpLine()
        } else {
            hand(connection)
        }
    }

    private func forget(_ connection: Connection, wasLost: Bool) {
        connections[ObjectIdentifier(connection)] = nil
        if wasLost, isWithoutConnection { outage.lostLast() }
        lookWhetherBack()
        shared.removeAll { $0 === connection }
        idle.removeAll { $0.connection === connection }
        openForDemand()
        finishClosing()
    }

    /// During an outage the pool retries even without requests, so that the end of the outage is known before the next one begins.
    private func lookWhetherBack() {
        if outage.isOn, !isClosing, mayConnect, connectingShared + connectingAlone == 0 { open(isShared: true) }
    }

    private func openForDemand() {
        if !line.isEmpty { openShared() }
        if !waiters.isEmpty { openAlone() }
    }

    /// After a failure the next attempt is delayed.
    private func backOff() {
        if isBackingOff || (isClosing && line.isEmpty) { return }
        isBackingOff = true
        let timer = try? loop.schedule(after: outage.pause()) { [self] in
            isBackingOff = false
            openForDemand()
            lookWhetherBack()
        }
        if timer == nil { isBackingOff = false }
    }

    private func failWaiting(_ failure: PostgresError) {
        for statement in line.takeAll() { statement.finish(.failure(failure)) }
        for waiter in waiters.takeAll() { _ = waiter.finish(.failure(failure)) }
    }

    // MARK: Timeouts

    private var patience: Duration {
        outage.patience(usual: configuration.acquireTimeout, grace: configuration.outageGrace)
    }

    private func watchDeadlines() {
        if deadline != nil || (line.isEmpty && waiters.isEmpty) { return }
        let oldest = [line.first?.waitingSince, waiters.first?.since].compactMap { $0 }.min() ?? .now
        let delay = max(.milliseconds(1), patience - oldest.duration(to: .now))
        deadline = try? loop.schedule(after: delay) { [self] in
            deadline = nil
            dropOverdue()
            watchDeadlines()
        }
    }

    private func dropOverdue() {
        let patience = patience, limit = ContinuousClock.now - patience
        let error = outage.lastFailure ?? PostgresError(.acquireTimeout, "no connection became free within \(patience)")
        while let first = line.first, first.isFinished || first.waitingSince ?? limit <= limit {
            _ = line.popFirst()
            first.finish(.failure(error))
        }
        while let first = waiters.first, first.continuation == nil || first.since <= limit {
            _ = waiters.popFirst()
            _ = first.finish(.failure(error))
        }
        finishClosing()
    }

    private func watchIdle() {
        if idleCheck != nil || idle.isEmpty { return }
        idleCheck = try? loop.schedule(after: configuration.idleTimeout) { [self] in
            idleCheck = nil
            let limit = ContinuousClock.now - configuration.idleTimeout
            for (connection, since) in idle where since <= limit { connection.close() }
            watchIdle()
        }
    }

    // MARK: The end

    /// Refuses new work and waits for running work.
    func close() async {
        await withCheckedContinuation { continuation in
            loop.execute { [self] in
                isClosing = true
                closed.append(continuation)
                for waiter in waiters.takeAll() { _ = waiter.finish(.failure(closedError)) }
                finishClosing()
            }
        }
    }

    /// For a database without references: no work can be under way.
    func abandon() {
        isClosing = true
        for connection in connections.values { connection.close() }
    }

    private func finishClosing() {
        guard isClosing else { return }
        if line.isEmpty { for connection in shared where connection.isIdle { connection.close() } }
        for (connection, _) in idle { connection.close() }
        guard line.isEmpty, connections.isEmpty, connectingShared + connectingAlone == 0, !closed.isEmpty else {
            return
        }
        deadline?.cancel()
        idleCheck?.cancel()
        for waiter in closed { waiter.resume() }
        closed = []
    }
}
