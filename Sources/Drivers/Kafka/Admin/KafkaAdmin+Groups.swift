internal import CKafka
internal import EventLoop

/// A group of consumers as the cluster has it.
public struct KafkaGroup: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public var clientID: String
        public var host: String
        /// nil unless the membership is static.
        public var instanceID: String?
        public var partitions: [KafkaPartition]
    }

    public var name: String
    /// Kafka's word, such as `Stable`, `Empty` or `PreparingRebalance`.
    public var state: String
    public var members: [Member]
}

extension KafkaAdmin {
    /// The names of all groups.
    /// - Throws: ``KafkaError`` also when one of the brokers did not say which it knows.
    public func groups(within limit: Duration) async throws -> [String] {
        try await request(within: limit) { pointer, request, error in
            hub_kafka_list_groups(pointer, request, &error)
        } _: { event throws(KafkaError) in
            try event.check()
            return event.results.map(\.name).sorted()
        }
    }

    /// Groups with their members, by name. A group nobody knows is one without members whose state is `Dead`.
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
                    // How 3.8 and later brokers say that nobody knows it.
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
    /// - Returns: what went wrong, by group: `groupInUse`, or `unknownGroup` for one that is not there.
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

    /// What a group has committed, by partition; nothing for a group nobody knows.
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

    /// Sets what a group has committed; partitions not named stay as they are.
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
                // A group with members answers each partition with that it does not know such a member.
                if let error = entry.error {
                    throw error.kind == .fenced
                        ? KafkaError(.groupInUse, "the group \(group) has members", code: error.code) : error
                }
            }
        }
    }

    /// The first offset kept and that of the next record, for each partition.
    public func watermarks(
        of partitions: [KafkaPartition], within limit: Duration
    ) async throws -> [KafkaPartition: Range<Int64>] {
        if partitions.isEmpty { return [:] }
        return try await cluster.watermarks(of: partitions, on: handle(), within: limit)
    }

    /// For each partition the offset of the first record at or after a time, in milliseconds since 1970; none where there is no such
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
