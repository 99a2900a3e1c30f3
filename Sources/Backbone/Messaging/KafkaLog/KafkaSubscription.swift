internal import EventLoop
internal import Kafka
internal import Observability
internal import Synchronization

/// A group member on ``KafkaLog``. It rejoins after a fatal error.
final class KafkaSubscription: Subscription {
    let log: KafkaLog
    let group: String
    let limits: SubscriptionLimits
    private let membership: KafkaMembership
    private let granted = Signal()
    private let state = Mutex(State())

    private struct State {
        /// Granted, but not taken by ``nextLease()`` yet.
        var fresh: [KafkaLease] = []
        /// Granted, but not released yet.
        var leases: [ObjectIdentifier: KafkaLease] = [:]
        var consumer: KafkaConsumer?
        var membership: Task<Void, any Error>?
        var isClosed = false
    }

    init(_ log: KafkaLog, group: String, topics: [String], limits: SubscriptionLimits) {
        self.log = log
        self.group = group
        self.limits = limits
        membership = KafkaMembership(
            group: group, topics: topics, instanceID: log.limits.instanceID.map { "\($0)-\(group)" },
            sessionTimeout: limits.leaseDuration, heartbeatInterval: limits.heartbeatInterval)
        let task = log.loop.start("member of \(self.group)") { try await self.takePart() }
        state.withLock { $0.membership = task }
    }

    private func takePart() async throws {
        while !state.withLock({ $0.isClosed }) {
            do {
                let consumer = try await log.cluster.subscribe(membership, on: log.loop)
                let isWanted = state.withLock { state in
                    if !state.isClosed { state.consumer = consumer }
                    return !state.isClosed
                }
                guard isWanted else { return await consumer.close(within: log.limits.closeMax) }
                log.joins.succeeded(of: group)
                for await event in consumer.events { take(event) }
                if state.withLock({ $0.isClosed }) { return }
                await consumer.close(within: log.limits.closeMax)
            } catch {
                try Task.checkCancellation()
                log.joins.failed([.group: .text(group), .error: LogValue(error)], of: group)
            }
            try await log.loop.sleep(for: log.limits.rejoinDelay)
        }
    }

    /// The driver logs errors, and the member continues.
    private func take(_ event: KafkaGroupEvent) {
        guard case .assigned(let lanes) = event else { return }
        let leases = lanes.map { KafkaLease($0, of: self) }
        let isWanted = state.withLock { state in
            if state.isClosed { return false }
            state.fresh += leases
            for lease in leases { state.leases[ObjectIdentifier(lease)] = lease }
            return true
        }
        if isWanted { granted.set() }
    }

    func nextLease() async throws -> (any Lease)? {
        while true {
            try Task.checkCancellation()
            let (lease, isClosed) = state.withLock { state in
                while let first = state.fresh.first, first.isRevoked {
                    // Revoked before anybody took it.
                    state.fresh.removeFirst()
                    log.loop.start("give \(first.partition) back") { await first.release() }
                }
                return (state.fresh.isEmpty ? nil : state.fresh.removeFirst(), state.isClosed)
            }
            if let lease { return lease }
            if isClosed { return nil }
            await granted.wait()
        }
    }

    func released(_ lease: KafkaLease) { state.withLock { $0.leases[ObjectIdentifier(lease)] = nil } }

    func close() async {
        let (consumer, task, leases) = state.withLock { state in
            defer {
                state.isClosed = true
                state.consumer = nil
                state.fresh = []
                state.leases = [:]
            }
            return (state.consumer, state.membership, Array(state.leases.values))
        }
        granted.set()
        // Waits for no holder: leases end with their subscription.
        for lease in leases { await lease.release() }
        await consumer?.close(within: log.limits.closeMax)
        task?.cancel()
        _ = await task?.result
    }
}

/// The lease of a partition on ``KafkaLog``.
final class KafkaLease: Lease {
    let partition: TopicPartition
    private let lane: KafkaLane
    private let subscription: KafkaSubscription
    private let revocation = Announcement()

    init(_ lane: KafkaLane, of subscription: KafkaSubscription) {
        self.lane = lane
        self.subscription = subscription
        partition = TopicPartition(lane.partition)
        let revocation = revocation
        subscription.log.loop.start("revocation of \(lane.partition)") {
            _ = try await lane.whenRevoked()
            revocation.make()
        }
    }

    var isRevoked: Bool { revocation.isMade }

    func whenRevoked() async { await revocation.wait() }

    func start(at offset: Int64?) async throws -> Int64 {
        do {
            let position: Int64 = if let offset { offset } else { try await known() }
            try await lane.start(at: position)
            return position
        } catch {
            throw failure(error)
        }
    }

    /// The group's offset according to the log. The member's client asks, because librdkafka's admin client can abort the process when a
    /// broker connection is lost during a group request (observed in all versions so far, 2.0.2 included).
    ///
    /// An offset after the end belongs to an earlier topic of that name: brokers forget it later than they delete the topic.
    private func known() async throws -> Int64 {
        let log = subscription.log, place = lane.partition
        let committed = try await lane.committed(within: log.limits.requestMax)
        return try await log.attempt { admin in
            guard let mark = try await log.marks(of: [place], admin)[place] else {
                throw EventLogError.unknownTopic(place.topic)
            }
            if let committed, committed <= mark.upperBound { return committed }
            return subscription.limits.start == .earliest ? mark.lowerBound : mark.upperBound
        }
    }

    /// librdkafka does not tell that it has reached the end.
    func next(countMax: Int, atEnd: @Sendable () -> Void) async throws -> LogBatch? {
        if isRevoked { return nil }
        do {
            return try await lane.next(countMax: countMax).map { LogBatch($0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: any Error) -> EventLogError {
        switch (error as? KafkaError)?.kind {
        case .closed: .leaseLost(partition)
        case .unknownTopic: .unknownTopic(partition.topic)
        default: EventLogError(error)
        }
    }

    func acknowledge(_ offset: Int64) { lane.acknowledge(offset) }

    func release() async {
        revocation.make()
        subscription.released(self)
        await lane.release()
    }
}
