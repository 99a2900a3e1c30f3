internal import EventLoop
internal import Observability
internal import Postgres
internal import Synchronization

/// A group member on ``PostgresLog``. Its heartbeat renews its row, deletes dead members, and releases and claims partitions according to
/// ``Assignment``.
final class PostgresSubscription: Subscription {
    let log: PostgresLog
    let group: String
    let topics: [String]
    let limits: SubscriptionLimits
    let memberID: String
    /// The reads of all leases: leases woken together share a statement.
    let reads: Coalescer<WantedRecords, FoundRecords>
    private let changed = Signal()
    private let granted = Signal()
    private let state = Mutex(State())

    private struct State {
        var leases: [Int64: PostgresLease] = [:]
        /// The generation of the last released lease, by partition: a claim that is not newer is that same lease.
        var released: [Int64: Int64] = [:]
        /// Granted, but not taken by ``nextLease()`` yet.
        var fresh: [PostgresLease] = []
        var isClosed = false
        var tasks: [Task<Void, any Error>] = []
    }

    init(log: PostgresLog, group: String, topics: [String], limits: SubscriptionLimits) {
        self.log = log
        self.group = group
        self.topics = Array(Set(topics)).sorted()
        self.limits = limits
        memberID = "\(UInt64(bitPattern: log.session.key))-\(UInt64.random(in: 0...UInt64.max))"
        reads = Coalescer("read for \(group)", on: log.loop, weightMax: limits.partitionsReadMax) { wanted in
            do {
                return try await log.read(wanted, bytesMax: limits.batchBytesMax).map { .success($0) }
            } catch {
                return wanted.map { _ in .failure(error) }
            }
        }
        log.wakeUps.addMember(changed, of: group)
        let heartbeat = log.loop.start("heartbeat of \(self.group)") { try await self.beat() }
        let acknowledging = log.loop.start("positions of \(self.group)") { try await self.acknowledge() }
        state.withLock { $0.tasks = [heartbeat, acknowledging] }
    }

    func nextLease() async throws -> (any Lease)? {
        while true {
            try Task.checkCancellation()
            let (lease, isClosed) = state.withLock { state in
                (state.fresh.isEmpty ? nil : state.fresh.removeFirst(), state.isClosed)
            }
            if let lease { return lease }
            if isClosed { return nil }
            await granted.wait()
        }
    }

    func close() async {
        let (tasks, leases) = state.withLock { state in
            defer {
                state.isClosed = true
                state.tasks = []
                state.leases = [:]
                state.fresh = []
            }
            return (state.tasks, Array(state.leases.values))
        }
        granted.set()
        if tasks.isEmpty { return }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
        log.wakeUps.removeMember(changed, of: group)
        for lease in leases { lease.end() }
        // A cancelled caller must not block the partitions until the lease expires.
        let leaving = log.loop.start("leave \(self.group)") { try await self.leave(leases) }
        if case .failure(let error) = await leaving.result {
            log.logger.warning(
                "leaving the group failed, its lease will expire", [.group: .text(group), .error: LogValue(error)])
        }
    }

    // MARK: Heartbeat

    private func beat() async throws {
        var lastHeard = ContinuousClock.now
        while !Task.isCancelled, !log.wakeUps.isClosed {
            changed.clear()
            do {
                if log.session.isHeld {
                    try await step()
                    lastHeard = .now
                    log.heartbeats.succeeded(of: group)
                }
            } catch {
                if Task.isCancelled { return }
                log.heartbeats.failed([.group: .text(group), .error: LogValue(error)], of: group)
            }
            if ContinuousClock.now - lastHeard > limits.leaseDuration { endAll() }
            await changed.wait(atMost: log.session.isHeld ? limits.heartbeatInterval : .milliseconds(20), on: log.loop)
        }
        endAll()
    }

    /// The result of a step: the active members and the holders of partitions.
    private struct Found: Sendable {
        var plan: [Int64: String] = [:]
        var partitions: [GroupTable.Partition] = []
    }

    private func step() async throws {
        let expiry = limits.leaseDuration
        let found = try await log.database.transaction { tx in
            let table = GroupTable(group: group, tx: tx)
            try await table.lock()
            try await table.renew(memberID, session: log.session.key, topics: topics, lasting: expiry)
            try await table.buryTheDead(except: memberID)
            var found = Found()
            found.partitions = try await table.partitions()
            found.plan = Assignment.plan(
                try await table.members(),
                found.partitions.map { .init(id: $0.id, topic: $0.name.topic, holder: $0.holder) })
            let wanted = found.partitions.filter { $0.holder == nil && found.plan[$0.id] == memberID }.map(\.id)
            let claimed = try await table.claim(wanted, for: memberID)
            for (index, partition) in found.partitions.enumerated() {
                guard let generation = claimed[partition.id] else { continue }
                found.partitions[index].holder = memberID
                found.partitions[index].generation = generation
            }
            return found
        }
        take(found)
        // Other members hold partitions assigned to us: they release them at their next heartbeat.
        if found.partitions.contains(where: { found.plan[$0.id] == memberID && $0.holder != memberID }) {
            try await notifyGroup()
        }
    }

    private func take(_ found: Found) {
        let mine = found.partitions.filter { $0.holder == memberID }
        let ended = state.withLock { state -> [PostgresLease] in
            if state.isClosed { return [] }
            var ended: [PostgresLease] = []
            for (id, lease) in state.leases
            where !mine.contains(where: { $0.id == id && $0.generation == lease.generation }) {
                ended.append(lease)
                state.leases[id] = nil
            }
            // A heartbeat may have read the table before a release and get here after it: that lease has ended.
            for partition in mine
            where state.leases[partition.id] == nil && partition.generation > state.released[partition.id, default: 0] {
                let lease = PostgresLease(partition, of: self)
                state.leases[partition.id] = lease
                state.fresh.append(lease)
            }
            return ended
        }
        for lease in ended { lease.end() }
        let overdue = state.withLock({ Array($0.leases.values) }).filter { lease in
            found.plan[lease.id] != memberID && lease.revoke() > limits.handOverMax
        }
        // Overdue leases are released for their holders; what the holders still write is fenced.
        for lease in overdue { log.loop.start("take back \(lease.partition)") { await lease.release() } }
        if state.withLock({ !$0.fresh.isEmpty }) { granted.set() }
    }

    private func endAll() {
        let leases = state.withLock { state in
            defer {
                state.leases = [:]
                state.fresh = []
            }
            return Array(state.leases.values)
        }
        for lease in leases { lease.end() }
    }

    private func acknowledge() async throws {
        while true {
            try await log.loop.sleep(for: limits.acknowledgeInterval)
            let leases = state.withLock { Array($0.leases.values) }
            do {
                try await log.store(leases.compactMap { $0.takeAcknowledged() }, of: group, by: memberID)
            } catch {
                try Task.checkCancellation()
                // The next attempt includes these offsets.
                log.logger.debug("storing the offsets failed", [.group: .text(group), .error: LogValue(error)])
            }
        }
    }

    // MARK: Releasing

    /// A lease was released: other members can claim the partition now.
    func release(_ lease: PostgresLease) async {
        state.withLock { state in
            if state.leases[lease.id] === lease { state.leases[lease.id] = nil }
            state.released[lease.id] = max(lease.generation, state.released[lease.id, default: 0])
            state.fresh.removeAll { $0 === lease }
        }
        let id = lease.id, generation = lease.generation
        let acknowledged = lease.takeAcknowledged().map { [$0] } ?? []
        let releasing = log.loop.start("release \(lease.partition)") {
            try await self.log.store(acknowledged, of: self.group, by: self.memberID)
            _ = try await self.log.database.execute(
                """
                update event_log.group_partition set member_id = null
                where group_name = \(self.group) and partition_id = \(id) and member_id = \(self.memberID)
                    and generation = \(generation)
                """)
            try await self.notifyGroup()
        }
        if case .failure(let error) = await releasing.result {
            // The table still assigns it to us: the next heartbeat grants it again.
            state.withLock { $0.released[id] = nil }
            log.heartbeats.failed(
                [.group: .text(group), .partition: .text(lease.partition.description), .error: LogValue(error)],
                of: group)
        }
        changed.set()
    }

    private func leave(_ leases: [PostgresLease]) async throws {
        try await log.store(leases.compactMap { $0.takeAcknowledged() }, of: group, by: memberID)
        try await log.database.transaction { tx in
            let table = GroupTable(group: group, tx: tx)
            try await table.lock()
            try await table.remove(memberID)
        }
        try await notifyGroup()
    }

    private func notifyGroup() async throws {
        _ = try await log.database.query("select pg_notify('event_log', \("g" + group))")
    }
}
