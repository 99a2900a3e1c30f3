internal import CKafka
public import EventLoop
internal import Observability

extension KafkaCluster {
    /// Joins a group. The consumer's state is confined to `loop`.
    /// - Throws: ``KafkaError`` when the settings are invalid; unreachable brokers are reported later as events.
    public func subscribe(_ membership: KafkaMembership, on loop: EventLoop) async throws -> KafkaConsumer {
        let settings = configuration.consumerSettings() + membership.settings
        return try await loop.run("kafka subscribe") {
            let client = try await Client.start(HUB_KAFKA_CONSUMER, settings, cluster: self, on: loop)
            do {
                return try KafkaConsumer(client, membership, cluster: self, loop: loop)
            } catch {
                _ = client.close()
                throw error
            }
        }
    }
}

/// A member of a consumer group. It receives partitions as lanes, each with its own queue; a partition nobody reads is not fetched.
///
/// It stays in the group, however long the lanes' holders wait, until it is closed. It must be closed.
// @unchecked: confined to its loop, except for constants.
public final class KafkaConsumer: @unchecked Sendable {
    public let membership: KafkaMembership
    /// One task reads it; it ends when the consumer closes.
    public let events: AsyncStream<KafkaGroupEvent>
    let loop: EventLoop
    let cluster: KafkaCluster
    private let client: Client
    private let condition: Condition
    private let reporter: AsyncStream<KafkaGroupEvent>.Continuation
    private var lanes: [KafkaPartition: KafkaLane] = [:]
    private let commits: CommitQueue
    private var check: AssignmentCheck?
    private var wasAssigned = false
    private var lastFailure: KafkaError?
    private var isClosing = false
    /// librdkafka will deliver no further events.
    private var isOver = false

    /// librdkafka before 2.3 aborts the process when a consumer is destroyed before its first assignment (#4312).
    private static let endsUnassigned = LibraryVersion(major: 2, minor: 3, revision: 0)

    init(_ client: Client, _ membership: KafkaMembership, cluster: KafkaCluster, loop: EventLoop) throws(KafkaError) {
        self.client = client
        self.membership = membership
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        commits = CommitQueue(client, loop: loop, limits: cluster.configuration.consumer)
        (events, reporter) = AsyncStream.makeStream()
        // `close` breaks these reference cycles.
        client.onEvent = { self.take($0) }
        client.onWake = {
            for lane in self.lanes.values { lane.wake() }
            // The end of the membership is not an event; it only wakes the loop.
            self.condition.check()
        }
        check = AssignmentCheck(
            client, membership, cluster: cluster, loop: loop,
            held: { [weak self] in self.map { Set($0.lanes.keys) } ?? [] },
            whenIncomplete: { [weak self] in self?.rejoin() })
        try join()
    }

    private func join() throws(KafkaError) {
        try attempt { pointer, error in
            let topics = CStrings(membership.topics)
            return withExtendedLifetime(topics) {
                hub_kafka_subscribe(pointer, topics.pointers, Int32(topics.pointers.count), &error)
            }
        }
    }

    /// Leaves the group and rejoins it, which triggers a rebalance.
    private func rejoin() {
        client.note(
            KafkaError(
                .passing, "no member of \(membership.group) has some of its partitions; the consumer joins again"))
        loop.start("kafka rejoin") {
            do {
                try self.attempt { hub_kafka_unsubscribe($0, &$1) }
                // The coordinator keeps the assignment of a static member until its session times out.
                if self.membership.instanceID != nil { try await self.loop.sleep(for: self.membership.sessionTimeout) }
                if !self.isClosing { try self.join() }
            } catch let error as KafkaError {
                self.failed(error)
            }
        }
    }

    var handle: ClientHandle? { client.handle }

    /// The same, callable from any thread.
    func currentHandle() async throws -> ClientHandle {
        try await loop.run("kafka client") {
            guard let handle = self.handle else { throw KafkaError(.closed, "the consumer is closed") }
            return handle
        }
    }

    private var limits: KafkaConfiguration.ConsumerLimits { cluster.configuration.consumer }

    /// Calls librdkafka; throws when the status is not 0.
    private func attempt(_ body: (OpaquePointer, inout hub_kafka_error) -> Int32) throws(KafkaError) {
        guard let pointer = client.handle?.pointer else { throw KafkaError(.closed, "the consumer is closed") }
        var error = hub_kafka_error()
        if body(pointer, &error) != 0 { throw KafkaError(error) }
    }

    // MARK: Events

    private func take(_ event: ClientEvent) {
        switch event.kind {
        case HUB_KAFKA_EVENT_ASSIGN: assigned(event.partitions.map(\.partition))
        case HUB_KAFKA_EVENT_REVOKE: revoked(event.partitions.map(\.partition))
        case HUB_KAFKA_EVENT_COMMIT: commits.answered(event.tag)
        case HUB_KAFKA_EVENT_ERROR:
            if let error = event.error { failed(error) }
        default: break
        }
    }

    /// An assignment is confirmed at once; fetching starts when a holder provides the start offset.
    private func assigned(_ partitions: [KafkaPartition]) {
        wasAssigned = true
        lastFailure = nil
        do {
            try attempt { hub_kafka_assign($0, nil, 0, &$1) }
        } catch {
            return failed(error)
        }
        if isClosing { return }
        offer(partitions)
        check?.assignmentChanged()
    }

    private func offer(_ partitions: [KafkaPartition]) {
        let new = partitions.sorted().map { KafkaLane($0, of: self) }
        for lane in new { lanes.updateValue(lane, forKey: lane.partition)?.lose() }
        if !new.isEmpty { reporter.yield(.assigned(new)) }
    }

    private func revoked(_ partitions: [KafkaPartition]) {
        let wanted = partitions.compactMap { lanes[$0] }
        if let pointer = client.handle?.pointer, hub_kafka_is_lost(pointer) != 0 {
            for lane in wanted { lose(lane) }
            return giveBack(wanted)
        }
        loop.start("kafka hand over") {
            await self.handOver(wanted)
            self.giveBack(wanted)
        }
    }

    /// Waits until the holders have finished, and commits their offsets.
    private func handOver(_ wanted: [KafkaLane]) async {
        for lane in wanted { lane.tell(.handOver) }
        _ = await condition.wait(atMost: limits.handOverLimit) { wanted.allSatisfy(\.isFree) }
        for lane in wanted where !lane.isFree { lose(lane) }
        if let pointer = client.handle?.pointer, hub_kafka_is_lost(pointer) == 0 {
            await commits.commit(wanted.map(\.partition))
        }
    }

    private func lose(_ lane: KafkaLane) {
        lane.lose()
        commits.forget(lane.partition)
    }

    private func giveBack(_ wanted: [KafkaLane]) {
        for lane in wanted where lanes[lane.partition] === lane { lanes[lane.partition] = nil }
        do {
            try unassign(wanted.filter(\.isAssigned))
        } catch {
            failed(error)
        }
        condition.check()
    }

    private func failed(_ error: KafkaError) {
        client.note(error)
        // librdkafka repeats an error for as long as it lasts.
        if error != lastFailure { reporter.yield(.failed(error)) }
        lastFailure = error
        guard error.kind == .fatal else { return }
        isOver = true
        for lane in lanes.values { lose(lane) }
        reporter.finish()
        condition.check()
    }

    // MARK: Lanes

    func assign(_ lane: KafkaLane, at offset: Int64) throws(KafkaError) {
        try attempt { pointer, error in
            KafkaPartition.withC([(lane.partition, offset)]) {
                hub_kafka_assign(pointer, $0, Int32($0.count), &error)
            }
        }
    }

    func unassign(_ lanes: [KafkaLane]) throws(KafkaError) {
        for lane in lanes { lane.wasUnassigned() }
        try attempt { pointer, error in
            KafkaPartition.withC(lanes.map { ($0.partition, 0) }) {
                hub_kafka_unassign(pointer, $0, Int32($0.count), &error)
            }
        }
    }

    /// A lane that its holder released without a revocation is offered again.
    func released(_ lane: KafkaLane) {
        defer { condition.check() }
        guard lane.revocation == nil, lanes[lane.partition] === lane, !isClosing, !isOver else { return }
        if lane.isAssigned { try? unassign([lane]) }
        offer([lane.partition])
    }

    func acknowledge(_ offset: Int64, of partition: KafkaPartition) { commits.note(offset, of: partition) }

    func gap(at offset: Int64, of partition: KafkaPartition) async throws -> KafkaGap {
        try await cluster.gap(at: offset, of: partition, on: client.handle)
    }

    // MARK: Shutdown

    /// Revokes the partitions from their holders, commits their offsets, leaves the group and closes.
    /// - Parameter limit: the timeout for all of that.
    public func close(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        _ = try? await loop.shielded("kafka consumer close") {
            if self.isClosing { return }
            self.isClosing = true
            self.check?.close()
            await self.leave(by: end)
            self.isOver = true
            for lane in self.lanes.values { self.lose(lane) }
            self.lanes = [:]
            self.commits.close()
            self.reporter.finish()
            guard let clientEnd = self.client.close() else { return }
            clientEnd.whenOver { [loop = self.loop, condition = self.condition] in loop.execute { condition.check() } }
            _ = await self.condition.wait(atMost: end - .now) { clientEnd.isOver }
        }
    }

    /// Unassigns everything: librdkafka before 2.4 may hang on close otherwise (#4527).
    private func leave(by end: ContinuousClock.Instant) async {
        if !wasAssigned, LibraryVersion.inUse < Self.endsUnassigned {
            _ = await condition.wait(atMost: (end - .now) / 2) { self.wasAssigned || self.isOver }
            // Also after a fatal error: the member may have been joining.
            if !wasAssigned { return client.handle?.abandon() ?? () }
        }
        if isOver { return }
        await handOver(Array(lanes.values))
        do {
            try unassign(lanes.values.filter(\.isAssigned))
            try attempt { hub_kafka_unsubscribe($0, &$1) }
            _ = await condition.wait(atMost: (end - .now) / 2) { self.lanes.isEmpty }
            try attempt { hub_kafka_close($0, &$1) }
        } catch {
            failed(error)
        }
        let isClosed = await condition.wait(atMost: (end - .now) / 2) {
            self.client.handle.map { hub_kafka_is_closed($0.pointer) != 0 } ?? true
        }
        // Destroying it in this state would hang and occupy a CPU.
        if !isClosed { client.handle?.abandon() }
    }
}
