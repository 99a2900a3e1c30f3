internal import EventLoop

/// Checks whether the group has assigned every partition of its topics to a member.
///
/// The group leader learns the partitions from one broker, whose metadata may miss a topic that was just created or grown. The leader
/// must then rebalance as soon as its metadata is updated. librdkafka (all versions up to 2.13) does not do so when it already knew the
/// partitions when it joined, and the partitions would never be read.
// @unchecked: confined to the loop of its consumer.
final class AssignmentCheck: @unchecked Sendable {
    private enum Verdict {
        case complete
        /// `isAlone`: no other member exists that may be about to release partitions.
        case incomplete(isAlone: Bool)
    }

    private let client: Client
    private let cluster: KafkaCluster
    private let membership: KafkaMembership
    private let loop: EventLoop
    private let held: () -> Set<KafkaPartition>
    private let whenIncomplete: () -> Void
    private var timer: Watch?
    private var changeCount = 0
    /// The last check found missing partitions; they may be moving between members.
    private var isSuspected = false
    private var isClosed = false

    /// The first check runs this long after the last assignment; brokers usually receive new metadata within that time.
    private static let firstDelay = Duration.seconds(1)
    /// The timeout of each request of a check.
    private static let questionLimit = Duration.seconds(2)

    /// - Parameter held: the partitions assigned to this member.
    init(
        _ client: Client, _ membership: KafkaMembership, cluster: KafkaCluster, loop: EventLoop,
        held: @escaping () -> Set<KafkaPartition>, whenIncomplete: @escaping () -> Void
    ) {
        self.client = client
        self.membership = membership
        self.cluster = cluster
        self.loop = loop
        self.held = held
        self.whenIncomplete = whenIncomplete
    }

    /// The group has a new assignment.
    func assignmentChanged() {
        changeCount += 1
        isSuspected = false
        schedule(after: Self.firstDelay)
    }

    func close() {
        isClosed = true
        timer?.cancel()
        timer = nil
    }

    private func schedule(after delay: Duration) {
        timer?.cancel()
        if isClosed { return }
        timer = try? loop.schedule(after: delay) { [weak self] in
            guard let self else { return }
            timer = nil
            loop.start("kafka assignment check") { await self.check() }
        }
    }

    private func check() async {
        guard let handle = client.handle else { return }
        let (held, membership, change) = (held(), membership, changeCount)
        let verdict = try? await cluster.blocking { try Self.look(held, membership, handle) }
        // The assignment changed meanwhile, so another check is already scheduled.
        guard change == changeCount, !isClosed else { return }
        let configuration = cluster.configuration
        guard case .incomplete(let isAlone) = verdict else {
            isSuspected = false
            return schedule(after: configuration.metadataInterval)
        }
        guard isAlone || isSuspected else {
            isSuspected = true
            return schedule(after: configuration.consumer.handOverLimit + configuration.consumer.commitLimit)
        }
        isSuspected = false
        schedule(after: configuration.metadataInterval)
        whenIncomplete()
    }

    private static func look(
        _ held: Set<KafkaPartition>, _ membership: KafkaMembership, _ client: ClientHandle
    ) throws -> Verdict {
        var missing: Set<KafkaPartition> = []
        for topic in membership.topics {
            let known = try Metadata(of: topic, client, within: questionLimit).topics[topic]
            missing.formUnion((known?.partitions.indices ?? 0..<0).map { KafkaPartition(topic, $0) })
        }
        missing.subtract(held)
        if missing.isEmpty { return .complete }
        let group = try GroupView(of: membership.group, client, within: questionLimit)
        // A rebalance in progress will assign the partitions, and an assignment that cannot be decoded cannot be checked.
        guard group.state == "Stable" else { return .complete }
        for assignment in group.assignments {
            guard let assignment else { return .complete }
            missing.subtract(assignment)
        }
        return missing.isEmpty ? .complete : .incomplete(isAlone: group.assignments.count == 1)
    }
}
