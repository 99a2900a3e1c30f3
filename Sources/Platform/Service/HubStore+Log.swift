internal import Contracts
internal import EventLoop
internal import Messaging
internal import Postgres
internal import Synchronization

extension HubStore {
    /// Records which log the hub uses, at its first start. The positions of groups are offsets: in another log they refer to other records,
    /// which the groups would skip. Another log is therefore refused.
    ///
    /// - Parameter adopts: changes to another log instead; every group begins at its first record. What a group has not handled in
    ///   the old log is not handled.
    /// - Throws: ``StartError``; ``EventLogError/unavailable(_:)`` when the log does not say which it is.
    public func claimLog(adopts: Bool = false) async throws {
        guard let identity = try await logIdentity() else { return }
        if adopts { return try await adopt(identity) }
        let known = try await database.query(
            """
            insert into hub.log as known (identity) values (\(identity))
            on conflict (is_only) do update set identity = known.identity returning identity
            """
        ).first?.decode(String.self)
        if let known, known != identity { throw try await anotherLog(known, identity) }
    }

    /// For commands whose arguments or results are positions in the log: changes nothing.
    /// - Throws: as ``claimLog(adopts:)``.
    public func checkLog() async throws {
        // A hub of an older program has no record.
        let isRecorded = try await database.query("select to_regclass('hub.log') is not null").first?.decode(Bool.self)
        guard isRecorded == true,
            let known = try await database.query("select identity from hub.log").first?.decode(String.self),
            let identity = try await logIdentity(), known != identity
        else { return }
        throw try await anotherLog(known, identity)
    }

    private func anotherLog(_ known: String, _ given: String) async throws -> StartError {
        let last = try await ProcessRecords(database).lastSettings()
        return .anotherLog(known: known, servers: try last?.optional(KafkaSettings.bootstrapServers), given: given)
    }

    /// Also when no log is recorded: a hub of an older program has positions, but no record.
    private func adopt(_ identity: String) async throws {
        let known = try await database.query("select identity from hub.log").first?.decode(String.self)
        if known == identity { return }
        if try await ProcessRecords(database).anyRuns() { throw StartError.hubRuns }
        try await database.transaction { tx in
            for service in ServiceName.all {
                let schema = ServiceSchema(service).name
                let rows = try await tx.query("select to_regclass(\("\"\(schema)\".consumer_position")) is not null")
                guard try rows.first?.decode(Bool.self) ?? false else { continue }
                // A frozen process of the old log has an earlier epoch, and its consumers change nothing.
                _ = try await tx.execute(
                    "update \(quoted: schema).consumer_position set next_offset = 0, epoch = epoch + 1")
                // These name dead letters by their offsets.
                _ = try await tx.execute("delete from \(quoted: schema).dead_letter_resolution")
            }
            _ = try await tx.execute(
                """
                insert into hub.log (identity) values (\(identity))
                on conflict (is_only) do update set identity = excluded.identity
                """)
        }
    }

    /// A name for people; nil while it is unknown.
    private func logIdentity() async throws -> String? {
        guard let cluster = try await log.cluster(of: []) else { return "the database of the hub" }
        return cluster.id.map { "the Kafka cluster \($0)" }
    }
}

/// Whether this process knows that its log is the hub's; see ``HubStore/claimLog(adopts:)``. Until then it neither reads nor writes it.
final class LogClaim: Sendable {
    private static let pollInterval = Duration.seconds(1)
    private let isMade = Atomic(false)

    func succeeded() { isMade.store(true, ordering: .releasing) }

    /// - Throws: `CancellationError`.
    func wait(on loops: EventLoopGroup) async throws {
        while !isMade.load(ordering: .acquiring) { try await loops.next().sleep(for: Self.pollInterval) }
    }
}
