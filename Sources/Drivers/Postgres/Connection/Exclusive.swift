internal import CPostgres
internal import EventLoop

/// A period outside pipeline mode in which a transaction's connection runs a script of several statements, which a pipeline does not
/// allow.
// @unchecked: its methods run on the lane's loop.
final class Exclusive: @unchecked Sendable {
    let loop: EventLoop
    private let connection: Connection
    private let waiter = ScriptWaiter()

    private init(_ lane: TransactionLane) {
        loop = lane.loop
        connection = lane.connection
    }

    /// Waits for earlier statements, sends `script` and waits for its first result.
    static func begin(_ script: String, on lane: TransactionLane) async throws -> Exclusive {
        let exclusive = Exclusive(lane)
        try await lane.begin()
        try await exclusive.loop.run("postgres exclusive") { try await exclusive.enter(script) }
        return exclusive
    }

    private func enter(_ script: String) async throws {
        while connection.isOpen, connection.script != nil || connection.inFlightCount > 0 {
            try await loop.sleep(for: .milliseconds(1))
        }
        connection.script = waiter
        do {
            try require { hub_pg_end_pipeline($0) == 0 && hub_pg_send_script($0, script) == 0 }
            try await drain()
            while try with({ hub_pg_is_busy($0) }) != 0 { try await wait() }
        } catch {
            leave()
            throw error
        }
    }

    func wait() async throws {
        await withTaskCancellationHandler {
            await waiter.wait { connection.resumeReading() }
        } onCancel: {
            loop.execute { [waiter] in waiter.wake() }
        }
        try Task.checkCancellation()
    }

    func with<Result>(_ body: (OpaquePointer) -> Result) throws -> Result {
        guard let result = connection.withHandle(body) else { throw PostgresError.lost }
        return result
    }

    func require(_ body: (OpaquePointer) -> Bool) throws {
        let succeeded = try with(body)
        if !succeeded { throw PostgresError.lost }
    }

    /// Waits until the script is sent.
    func drain() async throws {
        while true {
            connection.flush()
            if !connection.isOpen { throw PostgresError.lost }
            if !connection.isFlushing { return }
            try await wait()
        }
    }

    /// Returns nil after the last result. On an error, the remaining results are discarded.
    func nextResult() async throws -> Rows? {
        guard let rows = try await nextAnswer() else { return nil }
        guard let result = rows.owner.result, Int(hub_pg_result_status(result)) == HUB_PG_ERROR else { return rows }
        let error = PostgresError(result: result)
        connection.noteFailure(error)
        while try await nextAnswer() != nil {}
        throw error
    }

    private func nextAnswer() async throws -> Rows? {
        while try with({ hub_pg_is_busy($0) }) != 0 { try await wait() }
        return try with { hub_pg_next($0) }.map { Rows(owner: ResultOwner($0)) }
    }

    /// Returns to pipeline mode. If the script has not ended, the connection is closed.
    func leave() {
        if let status = connection.withHandle({ hub_pg_begin_pipeline($0) }), status != 0 {
            connection.cancelExclusive()
            connection.close(PostgresError(.connection, "a script was abandoned"))
        }
        connection.endExclusive()
    }
}

extension Transaction {
    /// Runs several statements separated by semicolons. The text must be trusted, such as a migration.
    /// - Throws: ``PostgresError``. After any error the transaction can only be rolled back.
    public func runScript(_ script: String) async throws {
        let exclusive = try await Exclusive.begin(script, on: lane)
        try await exclusive.loop.run("postgres script") {
            defer { exclusive.leave() }
            while try await exclusive.nextResult() != nil {}
        }
    }
}
