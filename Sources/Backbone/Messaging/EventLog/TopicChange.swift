/// A change that brings a topic to its required settings.
public struct TopicChange: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case create(TopicSettings)
        /// More partitions: keys move to other partitions.
        case grow(from: Int, to: Int)
        case setRetention(from: Duration, to: Duration)
        case setRecordBytesMax(from: Int, to: Int)
        case setInSyncReplicasMin(from: Int, to: Int)
        case setSegmentMax(from: Duration, to: Duration)
        /// Not supported; use the cluster's tool for reassigning partitions.
        case setReplication(from: Int, to: Int)
        /// Fewer partitions: their records would be lost.
        case shrink(from: Int, to: Int)
    }

    /// Why a change needs to be forced, or cannot be made.
    public enum Hazard: Hashable, Sendable {
        /// Groups have unread records: events with the same key could be handled in the wrong order.
        case movesKeysUnderLag(groups: [String])
        /// Records would be deleted.
        case losesRecords
        /// The log does not support it.
        case impossible
    }

    public var topic: String
    public var kind: Kind
    public var hazard: Hazard?

    public init(topic: String, kind: Kind, hazard: Hazard? = nil) {
        self.topic = topic
        self.kind = kind
        self.hazard = hazard
    }

    public var description: String {
        let what =
            switch kind {
            case .create(let settings):
                "create with \(settings.partitionCount) partitions, \(settings.retention.days) of retention"
            case .grow(let from, let to): "partitions \(from) → \(to)"
            case .shrink(let from, let to): "partitions \(from), should be \(to)"
            case .setRetention(let from, let to): "retention \(from.days) → \(to.days)"
            case .setRecordBytesMax(let from, let to): "maximum record size \(from) → \(to) bytes"
            case .setInSyncReplicasMin(let from, let to): "minimum in-sync replicas \(from) → \(to)"
            case .setSegmentMax(let from, let to): "span of a segment \(from.days) → \(to.days)"
            case .setReplication(let from, let to): "replicas \(from), should be \(to)"
            }
        let why: String =
            switch hazard {
            case nil: ""
            case .movesKeysUnderLag(let groups): " (moves keys while \(groups.joined(separator: ", ")) lag)"
            case .losesRecords: " (removes records that are kept now)"
            case .impossible: " (cannot be done here)"
            }
        return "\(topic): \(what)\(why)"
    }
}

extension EventLog {
    /// The changes needed to bring topics to their required settings; empty when there are none.
    public func plan(_ wanted: [TopicSettings]) async throws -> [TopicChange] {
        let topics = Dictionary(try await topics(wanted.map(\.name)).map { ($0.settings.name, $0.settings) }) {
            first, _ in
            first
        }
        var changes: [TopicChange] = []
        for wanted in wanted.sorted(by: { $0.name < $1.name }) {
            guard let settings = topics[wanted.name] else {
                changes.append(TopicChange(topic: wanted.name, kind: .create(wanted)))
                continue
            }
            changes += try await differences(settings, wanted)
        }
        return changes
    }

    private func differences(_ is: TopicSettings, _ wanted: TopicSettings) async throws -> [TopicChange] {
        var changes: [TopicChange] = []
        func add(_ kind: TopicChange.Kind, _ hazard: TopicChange.Hazard? = nil) {
            changes.append(TopicChange(topic: wanted.name, kind: kind, hazard: hazard))
        }
        if `is`.partitionCount > wanted.partitionCount {
            add(.shrink(from: `is`.partitionCount, to: wanted.partitionCount), .impossible)
        } else if `is`.partitionCount < wanted.partitionCount {
            // Moved keys also affect groups of other programs.
            let lagging = Set(
                try await positions(of: nil).filter { $0.partition.topic == wanted.name && $0.lag > 0 }.map(\.group))
            add(
                .grow(from: `is`.partitionCount, to: wanted.partitionCount),
                lagging.isEmpty ? nil : .movesKeysUnderLag(groups: lagging.sorted()))
        }
        if `is`.retention != wanted.retention {
            add(
                .setRetention(from: `is`.retention, to: wanted.retention),
                wanted.retention < `is`.retention ? .losesRecords : nil)
        }
        if `is`.recordBytesMax != wanted.recordBytesMax {
            add(.setRecordBytesMax(from: `is`.recordBytesMax, to: wanted.recordBytesMax))
        }
        if `is`.inSyncReplicasMin != wanted.inSyncReplicasMin {
            add(.setInSyncReplicasMin(from: `is`.inSyncReplicasMin, to: wanted.inSyncReplicasMin))
        }
        if `is`.segmentMax != wanted.segmentMax { add(.setSegmentMax(from: `is`.segmentMax, to: wanted.segmentMax)) }
        if `is`.replicationCount != wanted.replicationCount {
            add(.setReplication(from: `is`.replicationCount, to: wanted.replicationCount), .impossible)
        }
        return changes
    }
}

extension Duration {
    /// A text for operators.
    fileprivate var days: String {
        let seconds = components.seconds
        return seconds % 86_400 == 0 ? "\(seconds / 86_400) d" : "\(seconds) s"
    }
}
