internal import CKafka
internal import EventLoop

/// A consumer group.
public struct KafkaGroup: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public var clientID: String
        public var host: String
        /// nil for a dynamic member.
        public var instanceID: String?
        public var partitions: [KafkaPartition]
    }

    public var name: String
    /// Kafka's state name, such as `Stable`, `Empty` or `PreparingRebalance`.
    public var state: String
    public var members: [Member]
}

extension KafkaAdmin {
    /// The names of all groups.
    /// - Throws: ``KafkaError``, also when one of the brokers did not list its groups.
    public func groups(within limit: Duration) async throws -> [String] {
        try await request(within: limit) { pointer, request, error in
            hub_kafka_list_groups(pointer, request, &error)
        } _: { event throws(KafkaError) in
            try event.check()
            return event.results.map(\.name).sorted()
        }
    }

    /// Groups with their members, by name. An unknown group has no members and the state `Dead`.
    public func describeGroups(_ names: [String], within limit: Duration) async throws -> [String: KafkaGroup] {
        if names.isEmpty { return [:] }
        return try await request(within: limit) { pointer, request, error in
            let strings = CStrings(names)
            return withExtendedLifetime(strings) {
                hub_kafka_describe_groups(pointer, strings.pointers, Int32(strings.pointers.count), request, &error)
            }
        } _: { event throws(KafkaError) in
            var groups: [String: KafkaGroup] = [:]
            for (index, result) in event.results.enumerated() {
                if let error = result.error {
                    // Brokers of version 3.8 and later report an unknown group this way.
                    guard error.kind == .unknownGroup else { throw error }
                    groups[result.name] = KafkaGroup(name: result.name, state: "Dead", members: [])
                } else {
                    groups[result.name] = event.group(result.name, atResult: Int32(index))
                }
            }
            return groups
        }
    }

    /// Deletes groups and their offsets.
    /// - Returns: the errors by group: `groupInUse`, or `unknownGroup` for a missing one.
    public func deleteGroups(_ names: [String], within limit: Duration) async throws -> [String: KafkaError] {
        if names.isEmpty { return [:] }
        return try await request(within: limit) { pointer, request, error in
            let strings = CStrings(names)
            return withExtendedLifetime(strings) {
                hub_kafka_delete_groups(pointer, strings.pointers, Int32(strings.pointers.count), request, &error)
            }
        } _: { event in
            event.errors
        }
    }

    /// The committed offsets of a group by partition; empty for an unknown group.
    public func committedOffsets(of group: String, within limit: Duration) async throws -> [KafkaPartition: Int64] {
        try await request(within: limit) { pointer, request, error in
            hub_kafka_list_offsets(pointer, group, request, &error)
        } _: { event throws(KafkaError) in
            try event.check()
            var offsets: [KafkaPartition: Int64] = [:]
            for entry in event.partitions {
                if let error = entry.error { throw error }
                if entry.offset >= 0 { offsets[entry.partition] = entry.offset }
            }
            return offsets
        }
    }

    /// Sets committed offsets of a group; other partitions stay unchanged.
    /// - Throws: ``KafkaError`` of kind `groupInUse` while the group has members.
    public func setCommittedOffsets(
        of group: String, to offsets: [KafkaPartition: Int64], within limit: Duration
    ) async throws {
        if offsets.isEmpty { return }
        try await request(within: limit) { pointer, request, error in
            KafkaPartition.withC(offsets.map { ($0.key, $0.value) }) {
                hub_kafka_alter_offsets(pointer, group, $0, Int32($0.count), request, &error)
            }
        } _: { event throws(KafkaError) in
            try event.check()
            for entry in event.partitions {
                // For a group with active members, the broker reports an unknown member for each partition.
                if let error = entry.error {
                    throw error.kind == .fenced
                        ? KafkaError(.groupInUse, "the group \(group) has members", code: error.code) : error
                }
            }
        }
    }

    /// The first retained offset and the offset of the next record, for each partition.
    public func watermarks(
        of partitions: [KafkaPartition], within limit: Duration
    ) async throws -> [KafkaPartition: Range<Int64>] {
        if partitions.isEmpty { return [:] }
        return try await cluster.watermarks(of: partitions, on: handle(), within: limit)
    }

    /// For each partition, the offset of the first record at or after a time in milliseconds since 1970; no entry when there is no such
    /// record.
    public func offsets(
        at times: [KafkaPartition: Int64], within limit: Duration
    ) async throws -> [KafkaPartition: Int64] {
        if times.isEmpty { return [:] }
        return try await cluster.offsets(times.mapValues { max(0, $0) }, on: handle(), within: limit)
    }
}

extension ClientEvent {
    fileprivate func group(_ name: String, atResult result: Int32) -> KafkaGroup {
        let state = hub_kafka_event_group_state(raw, result).map { String(cString: $0) } ?? ""
        let members = (0..<hub_kafka_event_member_count(raw, result)).map { index in
            let member = hub_kafka_event_member(raw, result, index)
            return KafkaGroup.Member(
                clientID: member.client.map { String(cString: $0) } ?? "",
                host: member.host.map { String(cString: $0) } ?? "",
                instanceID: member.instance.map { String(cString: $0) },
                partitions: (0..<Int32(member.partition_count)).map {
                    KafkaPartition(hub_kafka_event_member_partition(raw, result, index, $0))
                })
        }
        return KafkaGroup(name: name, state: state, members: members)
    }
}
