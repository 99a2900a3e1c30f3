internal import CKafka
public import EventLoop
internal import Observability

extension KafkaCluster {
    /// Joins a group. The consumer's state is on `loop`.
    /// - Throws: ``KafkaError``, when the settings are wrong; brokers that are away are told later.
    public func subscribe(_ membership: KafkaMembership, on loop: EventLoop) async throws -> KafkaConsumer {
        let settings = configuration.consumerSettings() + membership.settings
        return try await loop.run("kafka subscribe") {
            let client = try await Client.start(HUB_KAFKA_CONSUMER, settings, cluster: self, on: loop)
            return try KafkaConsumer(client, membership, cluster: self, loop: loop)
        }
    }
}

/// A member of a group. It is given partitions as lanes, each with a queue of its own: what nobody takes is not fetched.
///
/// It stays in its group, whatever its lanes' holders wait for, until it is closed; it must be.
// @unchecked: confined to its loop, but for the constants.
public final class KafkaConsumer: @unchecked Sendable {
    public let membership: KafkaMembership
    /// One task reads it; it ends with the consumer.
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
    /// Nothing more comes from librdkafka.
    private var isOver = false

    /// librdkafka before this version stops the program when it is ended before its first assignment.
    private static let endsUnassigned = LibraryVersion(major: 2, minor: 3, revision: 0)

    init(_ client: Client, _ membership: KafkaMembership, cluster: KafkaCluster, loop: EventLoop) throws(KafkaError) {
        self.client = client
        self.membership = membership
        self.cluster = cluster
        self.loop = loop
        condition = Condition(loop: loop)
        commits = CommitQueue(client, loop: loop, limits: cluster.configuration.consumer)
        (events, reporter) = AsyncStream.makeStream()
        // These references end with `close`.
        client.onEvent = { self.take($0) }
        client.onWake = {
            for lane in self.lanes.values { lane.wake() }
            // The end of membership is no event; it only wakes.
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

    /// Leaves the group and comes back, so that it gives its partitions out anew.
    private func rejoin() {
        client.note(KafkaError(.passing, "\(membership.group) has given some partitions to nobody: it is joined anew"))
        loop.start("kafka rejoin") {
            do {
                try self.attempt { hub_kafka_unsubscribe($0, &$1) }
                // The group keeps what it gave to a name until its session is over.
                if self.membership.instanceID != nil { try await self.loop.sleep(for: self.membership.sessionTimeout) }
                if !self.isClosing { try self.join() }
            } catch let error as KafkaError {
                self.failed(error)
            }
        }
    }

    var handle: ClientHandle? { client.handle }

    /// The same, from anywhere.
    func currentHandle() async throws -> ClientHandle {
        try await loop.run("kafka client") {
            guard let handle = self.handle else { throw KafkaError(.closed, "the consumer is closed") }
            return handle
        }
    }

    private var limits: KafkaConfiguration.ConsumerLimits { cluster.configuration.consumer }

    /// Calls librdkafka; a status other than 0 is an error.
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

    /// The group's decision is answered at once; fetching begins when a holder says where.
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

    /// Lets the holders finish, and tells the group how far they came.
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
        // What is wrong is said again and again while it lasts.
        if error != lastFailure { reporter.yield(.failed(error)) }
        lastFailure = error
        guard error.kind == .fatal else { return }
        isOver = true
        for lane in lanes.values { lose(lane) }
        reporter.finish()
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

    /// A lane that was given back though the group did not want it is offered again.
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

    // MARK: The end

    /// Takes the partitions back from their holders, tells the group how far they came, leaves it, and ends.
    /// - Parameter limit: how long all of that may take.
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

    /// Leaves nothing assigned: librdkafka before 2.4 may wait forever otherwise.
    private func leave(by end: ContinuousClock.Instant) async {
        if isOver { return }
        if !wasAssigned, LibraryVersion.inUse < Self.endsUnassigned {
            guard await condition.wait(atMost: (end - .now) / 2, until: { self.wasAssigned }) else {
                client.handle?.abandon()
                return
            }
        }
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
        // Ended as it is, it would wait for ever, and burn a processor meanwhile.
        if !isClosed { client.handle?.abandon() }
    }
}
