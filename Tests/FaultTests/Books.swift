import Contracts
import HubTesting
import Messaging
import Postgres
import SystemTesting
import Testing

/// Records every event that a hub under fault writes into its outboxes.
///
/// Sent rows are deleted from outboxes, so a database trigger records what is written to them, in the same transaction.
struct Books: Sendable {
    let database: Database
    let log: any EventLog
    /// The consumer groups of the hub's services.
    let groups: [ConsumerGroup]
    /// The schemas with an outbox, and those with tasks.
    private let outboxes, tasks: [String]

    /// Call it before the first event.
    /// - Parameter services: the services of the hub; their tables exist.
    static func open(for services: [String], _ database: Database, _ log: any EventLog) async throws -> Books {
        try await database.execute("create schema reckoning")
        try await database.execute(
            """
            create table reckoning.written (outbox_id bigint not null, topic text not null, key bytea, event_id text not null)
            """)
        try await database.execute(
            """
            create function reckoning.note() returns trigger language plpgsql security definer as $$
                begin
                    insert into reckoning.written values (new.id, new.topic, new.key, new.event_id);
                    return null;
                end $$
            """)
        let books = Books(
            database: database, log: log,
            groups: TopicCatalogue.groups.filter { services.contains($0.service.rawValue) },
            outboxes: try await schemas(with: "outbox", database), tasks: try await schemas(with: "task", database))
        for schema in books.outboxes {
            try await database.execute(
                """
                create trigger note after insert on \(quoted: schema).outbox
                    for each row execute function reckoning.note()
                """)
        }
        return books
    }

    /// Waits until all work is done: every outbox is empty, every event was handled by its groups, every mail was sent, every task has
    /// ended. A failure tells what is left.
    /// - Parameter limit: see ``eventually(within:_:sourceLocation:_:)``.
    func settle(within limit: Duration, in hub: HubUnderTest) async throws {
        var left: [String] = []
        do {
            try await eventually(within: limit, "everything is settled") {
                left = try await unsettled()
                return left.isEmpty
            }
        } catch {
            Issue.record("left: \(left.joined(separator: ", "))\n\(hub.logText.suffix(20_000))")
            throw error
        }
    }

    private func unsettled() async throws -> [String] {
        // One statement reads one snapshot, so data that move from one table to another are seen in one of them.
        var counts: SQL =
            """
            select 'notices' as part, count(*) as number from notification.waiting_notice
            union all select 'deliveries', count(*) from notification.delivery where finished_at is null
            """
        for schema in outboxes {
            counts =
                "\(counts) union all select \("outbox of \(schema)"), count(*) from \(quoted: schema).outbox"
        }
        for schema in tasks {
            counts =
                """
                \(counts) union all select \("tasks of \(schema)"), count(*) from \(quoted: schema).task
                    where state in ('waiting', 'running') and kind not like 'job %'
                """
        }
        for group in groups {
            let topics = TopicCatalogue.topics(readBy: group).map(\.name)
            counts =
                """
                \(counts) union all select \("events of group \(group.rawValue)"), count(*) from reckoning.written w
                where topic = any(\(topics))
                    and not exists (select from \(quoted: group.service.rawValue).inbox i
                        where i.consumer_group = \(group.rawValue) and i.event_id = w.event_id)
                    and not exists (select from reckoning.written d
                        where d.topic = \(TopicCatalogue.deadLetter(for: group).name) and d.event_id = w.event_id)
                """
        }
        return try await texts("select number || ' ' || part from (\(counts)) c where number > 0")
    }

    /// Failed tasks.
    func failedTasks() async throws -> [String] {
        var failed: [String] = []
        for schema in tasks {
            failed += try await texts(
                """
                select \(schema) || ': ' || kind || ' ' || key || ': ' || coalesce(error, '') from \(quoted: schema).task
                where state = 'failed'
                """)
        }
        return failed
    }

    /// The first column.
    func texts(_ sql: SQL) async throws -> [String] { try await database.query(sql).map { try $0.decode(String.self) } }

    func count(_ sql: SQL) async throws -> Int { try await database.query(sql).first?.decode(Int.self) ?? 0 }

    private static func schemas(with table: String, _ database: Database) async throws -> [String] {
        try await database.query(
            """
            select table_schema::text from information_schema.tables
            where table_name = \(table) and table_schema <> 'reckoning' order by 1
            """
        ).map { try $0.decode(String.self) }
    }
}
