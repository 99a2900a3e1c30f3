internal import EventLoop
internal import CKafka

extension KafkaCluster {
    /// For each partition, the first offset at or after a time in milliseconds since 1970; nil when there is none.
    ///
    /// The start and end offsets are also requested as offsets for times: `query_watermark_offsets` ignores its timeout in librdkafka
    /// before 2.3 (#4460).
    /// - Throws: ``KafkaError`` of the first partition without a result.
    func offsets(
        _ times: [KafkaPartition: Int64], on client: ClientHandle, within limit: Duration
    ) async throws -> [KafkaPartition: Int64] {
        let wanted = times.map { (partition: $0.key, offset: $0.value) }
        return try await blocking {
            try KafkaPartition.withC(wanted) { elements in
                var error = hub_kafka_error()
                let status = hub_kafka_offsets_for_times(
                    client.pointer, &elements, Int32(elements.count), limit.millisecondsClamped, &error)
                if status != 0 { throw KafkaError(error) }
                var found: [KafkaPartition: Int64] = [:]
                for element in elements {
                    let partition = KafkaPartition(element)
                    if element.error != 0 { throw KafkaError(code: element.error) }
                    if element.offset >= 0 { found[partition] = element.offset }
                }
                return found
            }
        }
    }

    /// The first retained offset and the offset of the next record, for each partition.
    /// - Throws: ``KafkaError``.
    func watermarks(
        of partitions: [KafkaPartition], on client: ClientHandle, within limit: Duration
    ) async throws -> [KafkaPartition: Range<Int64>] {
        func all(at time: Int) -> [KafkaPartition: Int64] {
            Dictionary(partitions.map { ($0, Int64(time)) }, uniquingKeysWith: { first, _ in first })
        }
        // The first offset is read first: it only grows and must not be larger than the end.
        let begin = try await offsets(all(at: HUB_KAFKA_TIME_BEGIN), on: client, within: limit / 2)
        let end = try await offsets(all(at: HUB_KAFKA_TIME_END), on: client, within: limit / 2)
        return begin.reduce(into: [:]) { ranges, entry in
            ranges[entry.key] = entry.value..<max(entry.value, end[entry.key] ?? entry.value)
        }
    }

    /// The error for an offset that a partition does not hold.
    /// - Throws: ``KafkaError`` when the partition's offsets are not available.
    func gap(
        at offset: Int64, of partition: KafkaPartition, on client: ClientHandle?
    ) async throws -> KafkaGap {
        guard let client else { throw KafkaError(.closed, "the client is closed") }
        let ranges = try await watermarks(of: [partition], on: client, within: Self.lookUpLimit)
        guard let kept = ranges[partition] else { throw KafkaError(.unknownTopic, "\(partition) is not there") }
        return KafkaGap(partition: partition, offset: offset, kept: kept)
    }

    private static let lookUpLimit = Duration.seconds(10)

    /// Runs a blocking call on a thread of the pool.
    /// - Throws: ``KafkaError``, and what `body` throws.
    func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await pool.run(body)
        } catch is BlockingPool.Refusal {
            throw KafkaError(.passing, "too many blocking calls to the cluster are waiting")
        }
    }
}
