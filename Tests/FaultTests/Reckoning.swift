import Contracts
import HubTesting
import Messaging
import Postgres

/// Every event the hub wrote into its outboxes, and what came of it, by id.
///
/// Outboxes forget what they have sent, so a trigger in the database notes what is written to them, in the same transaction.
struct Reckoning: Sendable {
    /// What does not add up; empty when everything does.
    private(set) var discrepancies: [String] = []
    private(set) var written = 0
    private(set) var records = 0
    private(set) var handled = 0
    private(set) var deadLetters = 0
    private(set) var mails = 0
    private(set) var ledgerRows = 0

    private static let groups: [(group: ConsumerGroup, schema: String)] = [
        (.notification, "notification"), (.emailSender, "notification"), (.gamification, "gamification"),
    ]

    /// To be called before the first event.
    static func begin(_ database: Database) async throws {
        try await database.execute("create schema reckoning")
        try await database.execute(
            """
            create table reckoning.written (
                turn bigint generated always as identity, topic text not null, key bytea, event_id text not null)
            """)
        try await database.execute(
            """
            create function reckoning.note() returns trigger language plpgsql security definer as $$
                begin
                    insert into reckoning.written (topic, key, event_id) values (new.topic, new.key, new.event_id);
                    return null;
                end $$
            """)
        for schema in ["user", "notification", "gamification"] {
            try await database.execute(
                """
                create trigger note after insert on \(quoted: schema).outbox
                    for each row execute function reckoning.note()
                """)
        }
    }

    /// Whether nothing is on its way any more: every outbox is empty, every event was dealt with by its groups, every mail is out.
    static func isSettled(_ database: Database) async throws -> Bool {
        // In one statement, which sees one moment: what leaves one place for another is seen in one of them.
        var onTheWay: SQL =
            """
            select (select count(*) from "user".outbox) + (select count(*) from notification.outbox)
                + (select count(*) from gamification.outbox) + (select count(*) from notification.waiting_notice)
                + (select count(*) from notification.delivery where finished_at is null)
            """
        for (group, schema) in groups {
            let topics = TopicCatalogue.topics(readBy: group).map(\.name)
            onTheWay =
                """
                \(onTheWay) + (select count(*) from reckoning.written w where topic = any(\(topics))
                    and not exists (select from \(quoted: schema).inbox i
                        where i.consumer_group = \(group.rawValue) and i.event_id = w.event_id)
                    and not exists (select from reckoning.written d
                        where d.topic = \(TopicCatalogue.deadLetter(for: group).name) and d.event_id = w.event_id))
                """
        }
        return try await (database.query(onTheWay).first?.decode(Int.self) ?? 0) == 0
    }

    /// - Parameter accounts: those that people were told of.
    init(accounts: Set<String>, _ database: Database, _ log: any EventLog) async throws {
        let written = try await Written(database)
        self.written = written.idsByTopic.values.reduce(0) { $0 + $1.count }
        var inTopics: [String: Set<String>] = [:]
        for (topic, ids) in written.idsByTopic {
            let records = try await Self.records(of: topic, log)
            self.records += records.count
            inTopics[topic] = Set(records.map(\.id))
            compare("outbox and topic \(topic)", ids, Set(records.map(\.id)))
            if Self.order(of: records) != written.order[topic] { discrepancies.append("order of a key in \(topic)") }
        }

        var inboxes: [ConsumerGroup: Set<String>] = [:]
        for (group, schema) in Self.groups {
            let inbox = try await Self.ids(
                "select event_id from \(quoted: schema).inbox where consumer_group = \(group.rawValue)", database)
            let dead = inTopics[TopicCatalogue.deadLetter(for: group).name] ?? []
            let read = TopicCatalogue.topics(readBy: group).reduce(into: Set<String>()) {
                $0.formUnion(inTopics[$1.name] ?? [])
            }
            compare("topics and inbox with dead letters of \(group)", read, Set(inbox).union(dead))
            inboxes[group] = Set(inbox)
            handled += inbox.count
            deadLetters += dead.count
        }
        try await checkEffects(accounts, inboxes, inTopics, database)
    }

    private mutating func checkEffects(
        _ accounts: Set<String>, _ inboxes: [ConsumerGroup: Set<String>], _ topics: [String: Set<String>],
        _ database: Database
    ) async throws {
        func handled(_ topic: Topic, by group: ConsumerGroup) -> Set<String> {
            (inboxes[group] ?? []).intersection(topics[topic.name] ?? [])
        }
        let awards = try await Self.ids("select source_event_id from gamification.points_award", database)
        compare("inbox and ledger", handled(.userRegistered, by: .gamification), Set(awards))
        let deliveries = try await Self.ids("select event_id from notification.delivery", database)
        compare("mails asked for and deliveries", topics[Topic.notificationEmail.name] ?? [], Set(deliveries))

        compare("answers and accounts", accounts, Set(try await Self.ids(#"select id from "user".account"#, database)))
        let learners = try await Self.ids(
            "select user_id from gamification.points_award where rule = 'sign-up'", database)
        compareOnce("accounts and ledger rows", accounts, learners)
        ledgerRows = learners.count
        let readers = try await Self.ids(
            "select user_id from notification.mailbox where subject like 'Welcome%'", database)
        compareOnce("accounts and welcome mails", accounts, readers)
        mails = readers.count
    }

    private mutating func compare(_ what: String, _ left: Set<String>, _ right: Set<String>) {
        let missing = left.subtracting(right), added = right.subtracting(left)
        if missing.isEmpty && added.isEmpty { return }
        discrepancies.append(
            "\(what): \(missing.count) are missing (\(missing.sorted().prefix(3))), \(added.count) too many (\(added.sorted().prefix(3)))"
        )
    }

    private mutating func compareOnce(_ what: String, _ each: Set<String>, _ found: [String]) {
        compare(what, each, Set(found))
        if Set(found).count < found.count { discrepancies.append("\(what): \(found.count - Set(found).count) twice") }
    }

    // MARK: What is there

    private struct Written {
        var idsByTopic: [String: Set<String>] = [:]
        /// By topic and key.
        var order: [String: [[UInt8]: [String]]] = [:]

        init(_ database: Database) async throws {
            let rows = try await database.query("select topic, key, event_id from reckoning.written order by turn")
            for row in rows {
                let (topic, key, id) = try row.decode(String.self, [UInt8]?.self, String.self)
                idsByTopic[topic, default: []].insert(id)
                order[topic, default: [:]][key ?? [], default: []].append(id)
            }
        }
    }

    /// By key, each event where it came first: what was sent again comes again.
    private static func order(of records: [LogRecord]) -> [[UInt8]: [String]] {
        var known: Set<String> = []
        return records.reduce(into: [:]) { order, record in
            if known.insert(record.id).inserted { order[record.key ?? [], default: []].append(record.id) }
        }
    }

    private static func records(of topic: String, _ log: any EventLog) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        try await log.forEachBatch(of: try await log.ranges(of: topic)) { records += $0.records }
        return records
    }

    private static func ids(_ sql: SQL, _ database: Database) async throws -> [String] {
        try await database.query(sql).map { try $0.decode(String.self) }
    }
}
