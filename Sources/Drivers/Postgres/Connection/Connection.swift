internal import CPostgres
internal import EventLoop

/// One connection in pipeline mode. A sync point follows each statement, so a failed statement does not affect others.
// @unchecked: confined to its loop.
final class Connection: @unchecked Sendable {
    let loop: EventLoop
    /// Whether single statements of several callers share it; otherwise one transaction at a time owns it.
    let isShared: Bool
    private let configuration: DatabaseConfiguration
    private let wire: Wire
    private let timer: HeadTimer
    private var cancelHandle: CancelHandle?
    private var prepared: PreparedCache

    /// Statements sent, in the order of the expected responses.
    private var inFlight = FIFO<Statement>()
    /// Statements to send when the connection may send again.
    private var held = FIFO<Statement>()

    /// The first failure since the transaction began: the reported cause when COMMIT fails.
    var firstFailure: PostgresError?
    private var isCancelling = false
    private var cancelCount = 0
    /// Set while a script has exclusive use of the connection.
    var script: ScriptWaiter?
    /// nil: no statement timeout.
    var statementTimeout: Duration? {
        get { timer.limit }
        set { timer.limit = newValue }
    }

    /// Called after each completed statement, when the connection can take more.
    var onProgress: (Connection) -> Void = { _ in }
    /// Called once.
    var onClosed: (_ connection: Connection, _ wasLost: Bool) -> Void = { _, _ in }
    /// Called for a statement that did not run for reasons outside the statement.
    var onResend: (Statement) -> Void = { _ in }
    var onNotification: (_ channel: String, _ payload: String) -> Void = { _, _ in }

    static let cancelAttemptsMax = 12

    /// Takes ownership of an open connection. Call on the loop.
    /// - Throws: ``PostgresError`` when the loop cannot watch it.
    init(
        _ opened: Connector.Opened, loop: EventLoop, configuration: DatabaseConfiguration, isShared: Bool
    ) throws(PostgresError) {
        self.loop = loop
        self.isShared = isShared
        self.configuration = configuration
        wire = Wire(opened.handle, loop: loop)
        cancelHandle = CancelHandle(opened.handle)
        prepared = PreparedCache(countMax: configuration.preparedCountMax)
        timer = HeadTimer(loop: loop, limit: configuration.statementTimeout)
        do {
            try wire.watchReading()
        } catch {
            wire.close()
            throw error
        }
        wire.onReadable = { self.receive() }
        wire.onFlushed = { self.script?.wake() }
        wire.onLost = { self.close($0) }
        timer.head = { self.inFlight.first }
        timer.onOverdue = { self.giveUp($0, after: $1) }
    }

    private var handle: OpaquePointer? { wire.handle }
    var isOpen: Bool { handle != nil }
    var isIdle: Bool { inFlight.isEmpty && held.isEmpty && !isCancelling && script == nil }
    var inFlightCount: Int { inFlight.count }
    /// Nothing is sent while a cancellation is in flight: the cancellation would hit whatever statement runs when it arrives.
    var canSend: Bool {
        handle != nil && !isCancelling && script == nil && held.isEmpty
            && inFlight.count < configuration.pipelineDepthMax
    }

    // MARK: Sending

    /// Sends a statement, or queues it until the connection may send.
    func submit(_ statement: Statement, begins: Bool = false) {
        statement.connection = self
        statement.begins = begins
        guard handle != nil else { return fail(statement, PostgresError.lost) }
        if canSend { send(statement) } else { held.append(statement) }
    }

    private func send(_ statement: Statement) {
        guard let handle else { return fail(statement, PostgresError.lost) }
        if let refusal = statement.sql.parameters.refusal {
            return finish(statement, with: PostgresError(.encoding, refusal))
        }
        statement.connection = self
        statement.waitingSince = nil
        guard put(statement, on: handle), hub_pg_send_sync(handle) == 0 else {
            // Part of the statement may have been sent, so later responses could not be matched to statements.
            inFlight.append(statement)
            return close(wire.failure)
        }
        statement.owed.insert(.sync)
        inFlight.append(statement)
        if statement.control == nil { sendDrops() }
        flush()
        timer.start()
    }

    private func put(_ statement: Statement, on handle: OpaquePointer) -> Bool {
        statement.owed = []
        statement.failure = nil
        statement.sentAtCancelCount = cancelCount
        if statement.begins, statement.control != .begin {
            statement.owed.insert(.begin)
            if hub_pg_send_prepared(handle, Statement.Control.begin.rawValue, nil, nil, 0) != 0 { return false }
        }
        if let control = statement.control {
            statement.owed.insert(.execute)
            return hub_pg_send_prepared(handle, control.rawValue, nil, nil, 0) == 0
        }
        return statement.sql.parameters.withBuffers { bytes, slots in
            let name: String
            if let known = prepared.find(statement.sql.key) {
                statement.prepared = known
                name = known.name
            } else {
                let new = prepared.insert(statement.sql.key)
                statement.prepared = new
                name = new.name
                statement.owed.insert(.prepare)
                let sent = hub_pg_send_prepare(
                    handle, name, statement.sql.text, slots.baseAddress, Int32(slots.count))
                if sent != 0 { return false }
            }
            statement.owed.insert(.execute)
            return hub_pg_send_prepared(handle, name, bytes.baseAddress, slots.baseAddress, Int32(slots.count)) == 0
        }
    }

    /// Deallocates unused prepared statements on the server. Each is sent with its own sync point: otherwise the server would treat it
    /// and the next statement as one group, in which CREATE DATABASE and similar commands are not allowed.
    private func sendDrops() {
        while let handle, let name = prepared.takeDropped() {
            let drop = Statement("", drops: name)
            drop.connection = self
            drop.sentAtCancelCount = cancelCount
            inFlight.append(drop)
            guard hub_pg_send_once(handle, "deallocate \(name)") == 0, hub_pg_send_sync(handle) == 0 else {
                return close(wire.failure)
            }
            drop.owed = [.execute, .sync]
        }
    }

    func flush() { wire.flush() }

    // MARK: Receiving

    private func receive() {
        guard let handle else { return }
        // The script controls reading.
        if let script, !script.isWaiting { return wire.pauseReading() }
        if hub_pg_consume(handle) != 0 {
            // Responses that the server sent before it closed the connection can still be read.
            takeResults()
            if self.handle == nil { return }
            return close(wire.failure)
        }
        takeNotifications()
        if let script { return script.wake() }
        takeResults()
        if self.handle == nil { return }
        // Reading a response also reads the notifications behind it.
        takeNotifications()
        if self.handle == nil { return }
        if hub_pg_is_open(handle) == 0 { return close(wire.failure) }
        sendHeld()
        onProgress(self)
    }

    private func takeResults() {
        var endsInARow = 0
        while let handle, let head = inFlight.first, hub_pg_is_busy(handle) == 0 {
            guard let result = hub_pg_next(handle) else {
                // libpq returns NULL after each statement's results; a second NULL in a row means that no more data has arrived.
                endsInARow += 1
                if endsInARow > 1 { return }
                continue
            }
            endsInARow = 0
            take(result, for: head)
        }
    }

    private func take(_ result: OpaquePointer, for head: Statement) {
        let step = head.owed.next
        let status = Int(hub_pg_result_status(result))
        if status == HUB_PG_TUPLES || status == HUB_PG_COMMAND, step == .execute {
            head.owed.remove(step)
            head.rows = ResultOwner(result)
            return
        }
        defer { hub_pg_result_free(result) }
        if status == HUB_PG_COPY_IN || status == HUB_PG_COPY_OUT {
            head.failure = PostgresError(.closed, "this driver does not support COPY")
            return close(head.failure)
        }
        if status == HUB_PG_SYNC {
            guard step == .sync else {
                return close(PostgresError(.connection, "a response does not match the expected statement"))
            }
            _ = inFlight.popFirst()
            timer.headHasEnded()
            complete(head)
            if let next = inFlight.first, next.stopReason != nil { cancelHead() }
            return
        }
        if status == HUB_PG_ERROR {
            head.failure = head.failure ?? PostgresError(result: result)
            // The failed commit of a single statement is reported at its sync point, which follows.
            if step == .sync { return }
        }
        if step == .prepare, status != HUB_PG_COMMAND, let statement = head.prepared {
            prepared.remove(statement, isOnServer: false)
            if status == HUB_PG_ERROR { statement.failure = head.failure }
        }
        head.owed.remove(step)
    }

    private func complete(_ statement: Statement) {
        if let name = statement.drops {
            // A failed transaction rejects DEALLOCATE; a later statement retries it.
            if let failure = statement.failure, failure.sqlState != PostgresError.unknownStatement {
                prepared.keepDropped(name)
            }
            return statement.finish(.success(.none))
        }
        guard let failure = statement.failure else {
            guard let rows = statement.rows else {
                return finish(statement, with: PostgresError(.connection, "the server sent no result"))
            }
            statement.connection = nil
            return statement.finish(.success(Rows(owner: rows)))
        }
        if failure.sqlState == PostgresError.unknownStatement, let reason = statement.prepared?.failure,
            reason.sqlState != PostgresError.cancelled
        {
            return finish(statement, with: reason)
        }
        if failure.isStalePlan, let stale = statement.prepared { prepared.remove(stale, isOnServer: true) }
        if isShared, mayResend(statement, failure) {
            statement.resendCount += 1
            statement.connection = nil
            return onResend(statement)
        }
        finish(statement, with: failure)
    }

    /// The server did not run the statement, for a reason outside the statement.
    private func mayResend(_ statement: Statement, _ failure: PostgresError) -> Bool {
        if statement.stopReason != nil || statement.resendCount >= Statement.resendCountMax { return false }
        let hitByStray =
            failure.sqlState == PostgresError.cancelled && statement.sentAtCancelCount < cancelCount
        let wasNeverPrepared = failure.sqlState == PostgresError.unknownStatement
        return hitByStray || wasNeverPrepared || failure.isStalePlan
    }

    private func finish(_ statement: Statement, with failure: PostgresError) {
        if firstFailure == nil { firstFailure = failure }
        let wasStopped = failure.sqlState == PostgresError.cancelled || failure.kind == .connection
        if wasStopped, let reason = statement.stopReason { return statement.finish(.failure(reason)) }
        statement.finish(.failure(failure))
    }

    private func fail(_ statement: Statement, _ error: PostgresError) {
        var error = error
        if statement.control == .commit, !statement.owed.isEmpty { error.kind = .commitUnknown }
        finish(statement, with: error)
    }

    private func sendHeld() {
        while let next = held.first, handle != nil, !isCancelling, script == nil,
            inFlight.count < configuration.pipelineDepthMax
        {
            _ = held.popFirst()
            if !next.isFinished { send(next) }
        }
    }

    private func takeNotifications() {
        var channel: UnsafePointer<CChar>?, payload: UnsafePointer<CChar>?
        while let handle, let notification = hub_pg_notification(handle, &channel, &payload) {
            defer { hub_pg_notification_free(notification) }
            if let channel, let payload { onNotification(String(cString: channel), String(cString: payload)) }
        }
    }

    // MARK: Stopping statements

    func stop(_ statement: Statement) {
        if statement.owed.isEmpty {
            // The statement is queued, not sent: it is skipped when its turn comes.
            return statement.finish(.failure(statement.stopReason ?? CancellationError()))
        }
        if inFlight.first === statement { cancelHead() }
    }

    /// Asks the server to cancel the running statement. The server ignores a request that arrives before the statement starts, so the
    /// request is repeated until the statement ends; if it does not end, the connection is closed.
    private func cancelHead() {
        guard !isCancelling, let cancelHandle, let target = inFlight.first else { return }
        isCancelling = true
        cancelCount += 1
        target.cancelAttempts += 1
        loop.start("postgres cancel") {
            await self.send(cancelHandle)
            guard self.isOpen else { return }
            if self.inFlight.first === target {
                try await self.loop.sleep(for: .milliseconds(min(1_000, 5 << target.cancelAttempts)))
            }
            if self.inFlight.first === target, target.cancelAttempts >= Self.cancelAttemptsMax {
                self.close(PostgresError(.connection, "the server did not cancel a statement"))
            } else {
                self.continueAfterCancel()
            }
        }
    }

    /// A reachable server accepts the request within the connect timeout. If it does not, the connection is closed and all waiting
    /// callers fail.
    private func send(_ cancelHandle: CancelHandle) async {
        let bound = try? loop.schedule(after: configuration.connectTimeout) {
            self.close(PostgresError(.connection, "the server did not accept a cancel request"))
        }
        await Connector.cancel(cancelHandle)
        bound?.cancel()
        isCancelling = false
    }

    private func continueAfterCancel() {
        guard isOpen, !isCancelling else { return }
        if let head = inFlight.first, head.stopReason != nil { return cancelHead() }
        sendHeld()
        onProgress(self)
    }

    private func giveUp(_ head: Statement, after limit: Duration) {
        if let control = head.control {
            close(PostgresError(.connection, "no response to \(control.rawValue)"))
        } else {
            head.stop(PostgresError(.statementTimeout, "the statement took longer than \(limit)"))
        }
    }

    // MARK: The end

    /// Closes the connection and fails all its statements.
    func close(_ error: PostgresError? = nil) {
        guard isOpen else { return }
        timer.stop()
        cancelHandle = nil
        wire.close()
        let reason = error ?? PostgresError(.closed, "the database is closed")
        for statement in inFlight.takeAll() + held.takeAll() { fail(statement, statement.failure ?? reason) }
        script?.wake()
        onClosed(self, error != nil)
        onProgress = { _ in }
        onClosed = { _, _ in }
        onResend = { _ in }
        onNotification = { _, _ in }
    }

    // MARK: Scripts outside pipeline mode

    var isFlushing: Bool { wire.isFlushing }

    /// nil once the connection is lost.
    func withHandle<Result>(_ body: (OpaquePointer) -> Result) -> Result? { handle.map(body) }

    func noteFailure(_ failure: PostgresError) { firstFailure = firstFailure ?? failure }

    func cancelExclusive() {
        guard let cancelHandle else { return }
        isCancelling = true
        loop.start("postgres cancel") {
            await self.send(cancelHandle)
            self.continueAfterCancel()
        }
    }

    /// Called after a pause: the script is about to wait, or has ended.
    func resumeReading() { wire.resumeReading() }

    func endExclusive() {
        script = nil
        resumeReading()
        continueAfterCancel()
    }
}
