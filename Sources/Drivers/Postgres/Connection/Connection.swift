internal import CPostgres
internal import EventLoop

/// One connection in pipeline mode. Each statement ends with a sync point of its own, so a failure touches no other.
// @unchecked: confined to its loop.
final class Connection: @unchecked Sendable {
    let loop: EventLoop
    /// Several callers' single statements travel on it; otherwise it belongs to one transaction at a time.
    let isShared: Bool
    private let configuration: DatabaseConfiguration
    private let wire: Wire
    private let timer: HeadTimer
    private var cancelHandle: CancelHandle?
    private var prepared: PreparedCache

    /// Sent, in the order the server answers them.
    private var inFlight = FIFO<Statement>()
    /// To be sent when the connection may send again.
    private var held = FIFO<Statement>()

    /// The first failure since the transaction began: what a failed COMMIT is blamed on.
    var firstFailure: PostgresError?
    private var isCancelling = false
    private var cancelCount = 0
    /// Set while a script has the connection.
    var script: ScriptWaiter?
    /// nil: statements take as long as they take.
    var statementTimeout: Duration? {
        get { timer.limit }
        set { timer.limit = newValue }
    }

    /// Called when the connection can take more, each time it has finished something.
    var onProgress: (Connection) -> Void = { _ in }
    /// Called once.
    var onClosed: (_ connection: Connection, _ wasLost: Bool) -> Void = { _, _ in }
    /// Called for a statement that did not run through no fault of its own.
    var onResend: (Statement) -> Void = { _ in }
    var onNotification: (_ channel: String, _ payload: String) -> Void = { _, _ in }

    static let cancelAttemptsMax = 12

    /// Takes over an opened connection. Call on the loop.
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
    /// While a cancellation is under way nothing is sent: it would hit whatever runs when it arrives.
    var canSend: Bool {
        handle != nil && !isCancelling && script == nil && held.isEmpty
            && inFlight.count < configuration.pipelineDepthMax
    }

    // MARK: Sending

    /// Sends a statement, or keeps it until the connection may send.
    func submit(_ statement: Statement, begins: Bool = false) {
        statement.connection = self
        statement.begins = begins
        guard handle != nil else { return fail(statement, lostError()) }
        if canSend { send(statement) } else { held.append(statement) }
    }

    private func send(_ statement: Statement) {
        guard let handle else { return fail(statement, lostError()) }
        if let refusal = statement.sql.parameters.refusal {
            return finish(statement, with: PostgresError(.encoding, refusal))
        }
        statement.connection = self
        statement.waitingSince = nil
        guard put(statement, on: handle), hub_pg_send_sync(handle) == 0 else {
            // Some of it may be on its way: the server's answers could no longer be told apart.
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

    /// Drops statements from the server that nobody will use. Each travels alone: in the flight of another statement it would make
    /// that flight one of several commands, in which CREATE DATABASE and its like do not run.
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
        // The script sets the pace.
        if let script, !script.isWaiting { return wire.pauseReading() }
        if hub_pg_consume(handle) != 0 {
            // What the server said before it hung up is still there to be read.
            takeResults()
            if self.handle == nil { return }
            return close(wire.failure)
        }
        takeNotifications()
        if let script { return script.wake() }
        takeResults()
        if self.handle == nil { return }
        if hub_pg_is_open(handle) == 0 { return close(wire.failure) }
        sendHeld()
        onProgress(self)
    }

    private func takeResults() {
        var endsInARow = 0
        while let handle, let head = inFlight.first, hub_pg_is_busy(handle) == 0 {
            guard let result = hub_pg_next(handle) else {
                // One end follows each statement's results; a second in a row means that nothing more has come.
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
            head.failure = PostgresError(.closed, "COPY is not for this driver")
            return close(head.failure)
        }
        if status == HUB_PG_SYNC {
            guard step == .sync else {
                return close(PostgresError(.connection, "the server's answers are out of step"))
            }
            _ = inFlight.popFirst()
            timer.headHasEnded()
            complete(head)
            if let next = inFlight.first, next.stopReason != nil { cancelHead() }
            return
        }
        if status == HUB_PG_ERROR {
            head.failure = head.failure ?? PostgresError(result: result)
            // A failed commit of a single statement is reported at its sync point, which is still to come.
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
            // In a transaction that has failed nothing can be dropped: it is tried again behind another statement.
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

    /// The server did not run the statement, and the reason is not in the statement.
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
            // Held, not sent: it is skipped when its turn comes.
            return statement.finish(.failure(statement.stopReason ?? CancellationError()))
        }
        if inFlight.first === statement { cancelHead() }
    }

    /// Asks the server to stop what it runs now. A request that arrives before the server has begun is lost on it: ask again
    /// until the statement has ended, and give the connection up when that never happens.
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
                self.close(PostgresError(.connection, "the server did not stop a statement"))
            } else {
                self.continueAfterCancel()
            }
        }
    }

    /// A server that is there takes the request within the time a connection takes. One that does not will not stop anything, and
    /// whoever waits for its answer is told so.
    private func send(_ cancelHandle: CancelHandle) async {
        let bound = try? loop.schedule(after: configuration.connectTimeout) {
            self.close(PostgresError(.connection, "the server takes no request to stop a statement"))
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
            close(PostgresError(.connection, "no answer to \(control.rawValue)"))
        } else {
            head.stop(PostgresError(.statementTimeout, "it took longer than \(limit)"))
        }
    }

    // MARK: The end

    private func lostError() -> PostgresError { PostgresError(.connection, "the connection was lost") }

    /// Closes the connection and fails what was under way on it.
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

    // MARK: For what happens outside pipeline mode

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

    /// After a pause: the script is about to wait, or has ended.
    func resumeReading() { wire.resumeReading() }

    func endExclusive() {
        script = nil
        resumeReading()
        continueAfterCancel()
    }
}
