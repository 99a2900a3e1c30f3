import Contracts
import Messaging
import Postgres

/// Compares every recorded event with its effects, by id. Extensions add the comparisons of their flows.
struct Reckoning: Sendable {
    /// The differences; empty if there are none.
    private(set) var discrepancies: [String] = []
    private(set) var written = 0
    private(set) var records = 0
    private(set) var handled = 0
    private(set) var deadLetters = 0
    /// The event ids in each topic, and those that each group has handled.
    private(set) var inTopics: [String: Set<String>] = [:]
    private var inboxes: [ConsumerGroup: Set<String>] = [:]

    init(_ books: Books) async throws {
        let written = try await Written(books.database)
        self.written = written.idsByTopic.values.reduce(0) { $0 + $1.count }
        for (topic, ids) in written.idsByTopic {
            let records = try await Self.records(of: topic, books.log)
            self.records += records.count
            inTopics[topic] = Set(records.map(\.id))
            compare("outbox and topic \(topic)", ids, Set(records.map(\.id)))
            if Self.order(of: records) != written.order[topic] { discrepancies.append("order of a key in \(topic)") }
        }

        for group in books.groups {
            let inbox = try await books.texts(
                """
                select event_id from \(quoted: group.service.rawValue).inbox where consumer_group = \(group.rawValue)
                """)
            let dead = inTopics[TopicCatalogue.deadLetter(for: group).name] ?? []
            let read = TopicCatalogue.topics(readBy: group).reduce(into: Set<String>()) {
                $0.formUnion(inTopics[$1.name] ?? [])
            }
            compare("topics and inbox with dead letters of \(group)", read, Set(inbox).union(dead))
            inboxes[group] = Set(inbox)
            handled += inbox.count
            deadLetters += dead.count
        }
    }

    /// The events of a topic that a group has handled.
    func handled(_ topic: Topic, by group: ConsumerGroup) -> Set<String> {
        (inboxes[group] ?? []).intersection(inTopics[topic.name] ?? [])
    }

    mutating func compare(_ what: String, _ left: Set<String>, _ right: Set<String>) {
        let missing = left.subtracting(right), added = right.subtracting(left)
        if missing.isEmpty && added.isEmpty { return }
        discrepancies.append(
            "\(what): \(missing.count) are missing (\(missing.sorted().prefix(3))), \(added.count) too many (\(added.sorted().prefix(3)))"
        )
    }

    mutating func compareOnce(_ what: String, _ each: Set<String>, _ found: [String]) {
        compare(what, each, Set(found))
        if Set(found).count < found.count { discrepancies.append("\(what): \(found.count - Set(found).count) twice") }
    }

    // MARK: What is there

    private struct Written {
        var idsByTopic: [String: Set<String>] = [:]
        /// By topic and key.
        var order: [String: [[UInt8]: [String]]] = [:]

        init(_ database: Database) async throws {
            // One service writes a topic, and its outbox order is that of the ids.
            let rows = try await database.query("select topic, key, event_id from reckoning.written order by outbox_id")
            for row in rows {
                let (topic, key, id) = try row.decode(String.self, [UInt8]?.self, String.self)
                idsByTopic[topic, default: []].insert(id)
                order[topic, default: [:]][key ?? [], default: []].append(id)
            }
        }
    }

    /// By key, each event at its first occurrence; repeated events occur again.
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
}
