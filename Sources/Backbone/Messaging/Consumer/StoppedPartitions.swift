public import Contracts
internal import Synchronization

/// The partitions that this process holds and does not read, because an operator must choose an offset.
public final class StoppedPartitions: Sendable {
    private struct Place: Hashable {
        let group: ConsumerGroup
        let partition: TopicPartition
    }

    private let places = Mutex<Set<Place>>([])

    func insert(_ partition: TopicPartition, of group: ConsumerGroup) {
        places.withLock { _ = $0.insert(Place(group: group, partition: partition)) }
    }

    func remove(_ partition: TopicPartition, of group: ConsumerGroup) {
        places.withLock { _ = $0.remove(Place(group: group, partition: partition)) }
    }

    /// - Throws: ``PartitionsStopped`` when partitions of a service's groups are stopped.
    public func check(_ service: ServiceName) throws {
        let names = places.withLock { $0 }.filter { $0.group.service == service }.map { "\($0.group) \($0.partition)" }
        if !names.isEmpty { throw PartitionsStopped(description: names.sorted().joined(separator: ", ")) }
    }
}

/// Partitions that are not read.
public struct PartitionsStopped: Error, CustomStringConvertible {
    /// Groups and partitions.
    public let description: String
}
