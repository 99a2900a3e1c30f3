internal import Kafka

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension KafkaLog {
    public func subscribe(
        _ group: String, to topics: [String], limits: SubscriptionLimits
    ) async throws -> any Subscription {
        try await attempt { admin in
            try await requireKnown(topics.map { KafkaPartition($0, 0) }, admin)
        }
        return KafkaSubscription(self, group: group, topics: Array(Set(topics)).sorted(), limits: limits)
    }

    public func positions(of groups: [String]?) async throws -> [GroupPosition] {
        try await attempt { admin in
            let names: [String] = if let groups { groups } else { try await admin.groups(within: limits.requestMax) }
            let found = try await admin.describeGroups(names, within: limits.requestMax)
            var standings: [Standing] = []
            for name in names.sorted() {
                let committed = try await admin.committedOffsets(of: name, within: limits.requestMax)
                let held = Set(found[name]?.members.flatMap(\.partitions) ?? [])
                for partition in held.union(committed.keys).sorted() {
                    standings.append(
                        Standing(
                            group: name, partition: partition, committed: committed[partition],
                            isHeld: held.contains(partition)))
                }
            }
            let marks = try await self.marks(of: Array(Set(standings.map(\.partition))), admin)
            let places = standings.map { $0.next(in: marks[$0.partition] ?? 0..<0) }
            let times = try await times(of: Set(places.compactMap(\.unprocessed)))
            return zip(standings, places).map { standing, place in
                GroupPosition(
                    group: standing.group, partition: TopicPartition(standing.partition), committed: standing.committed,
                    end: place.end, lag: place.lag, oldestUnprocessed: place.unprocessed.flatMap { times[$0] },
                    isHeld: standing.isHeld)
            }
        }
    }

    private struct Standing {
        let group: String
        let partition: KafkaPartition
        let committed: Int64?
        let isHeld: Bool

        /// The group's next offset within the partition's retained range.
        func next(in mark: Range<Int64>) -> Place {
            let next = min(max(committed ?? mark.lowerBound, mark.lowerBound), mark.upperBound)
            let lag = mark.upperBound - next
            return Place(
                end: mark.upperBound, lag: lag,
                unprocessed: lag > 0 ? LogPosition(TopicPartition(partition), next) : nil)
        }
    }

    private struct Place {
        let end: Int64
        let lag: Int64
        /// The first record the group has not processed.
        let unprocessed: LogPosition?
    }

    /// The timestamps of records.
    private func times(of positions: Set<LogPosition>) async throws -> [LogPosition: Date] {
        if positions.isEmpty { return [:] }
        // Groups with different offsets in one partition are queried one after the other.
        var times: [LogPosition: Date] = [:]
        var left = positions
        while !left.isEmpty {
            var ranges: [TopicPartition: Range<Int64>] = [:]
            for position in left where ranges[position.partition] == nil {
                ranges[position.partition] = position.offset..<position.offset + 1
                left.remove(position)
            }
            try await forEachBatch(of: ranges, countMax: 1) { batch in
                for record in batch.records { times[record.position] = record.time }
            }
        }
        return times
    }

    public func memberCounts(of groups: [String]) async throws -> [String: Int]? {
        try await attempt { try await $0.describeGroups(groups, within: limits.requestMax).mapValues(\.members.count) }
    }

    public func resetOffsets(of group: String, to offsets: [TopicPartition: Int64]) async throws {
        try await attempt { admin in
            try await requireUnused(group, admin)
            for topic in Set(offsets.keys.map(\.topic)) {
                let known = try await partitions(of: topic, admin).count
                for partition in offsets.keys where partition.topic == topic && partition.partition >= known {
                    throw EventLogError.unknownTopic(partition.description)
                }
            }
            do {
                try await admin.setCommittedOffsets(
                    of: group, to: Dictionary(uniqueKeysWithValues: offsets.map { (KafkaPartition($0.key), $0.value) }),
                    within: limits.requestMax)
            } catch let error as KafkaError where error.kind == .groupInUse {
                throw EventLogError.groupInUse(group)
            }
        }
    }

    public func deleteGroup(_ group: String) async throws {
        try await attempt { admin in
            try await requireUnused(group, admin)
            let error = try await admin.deleteGroups([group], within: limits.requestMax)[group]
            switch error?.kind {
            case nil, .unknownGroup: return
            case .groupInUse: throw EventLogError.groupInUse(group)
            default: if let error { throw error }
            }
        }
    }

    private func requireUnused(_ group: String, _ admin: KafkaAdmin) async throws {
        let found = try await admin.describeGroups([group], within: limits.requestMax)[group]
        if found?.members.isEmpty == false { throw EventLogError.groupInUse(group) }
    }
}
