internal import EventLoop

/// Looks whether the group has given every partition of its topics to one of its members.
///
/// Who leads a group learns what there is to give from one broker, and that broker may not know of a topic that was made, or has grown, a
/// moment ago. The leader must then give anew as soon as it hears more. librdkafka (all versions so far) does not when it knew of the
/// partitions as it joined, and nobody would ever read them.
// @unchecked: confined to the loop of its consumer.
final class AssignmentCheck: @unchecked Sendable {
    private enum Verdict {
        case complete
        /// `isAlone`: there is no other member who may be about to give some back.
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
    /// The last look has found something missing, which may just be changing hands.
    private var isSuspected = false
    private var isClosed = false

    /// So long after the group's last decision the first look is taken; brokers hear of a topic within that as a rule.
    private static let firstDelay = Duration.seconds(1)
    /// What each of a look's questions may take.
    private static let questionLimit = Duration.seconds(2)

    /// - Parameter held: the partitions that this member has been given.
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

    /// The group has decided.
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
        // Decided anew meanwhile: then another look is due already.
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
        // Whoever is at something now will decide, and what cannot be read is nobody's fault here.
        guard group.state == "Stable" else { return .complete }
        for assignment in group.assignments {
            guard let assignment else { return .complete }
            missing.subtract(assignment)
        }
        return missing.isEmpty ? .complete : .incomplete(isAlone: group.assignments.count == 1)
    }
}
