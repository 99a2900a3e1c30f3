internal import EventLoop
internal import Synchronization

/// Registers waiting readers by partition and members by group.
final class WakeUps: Sendable {
    private struct Waiting {
        var readers: [Int64: [ObjectIdentifier: Signal]] = [:]
        var members: [String: [ObjectIdentifier: Signal]] = [:]
        var isClosed = false
    }

    private let waiting = Mutex(Waiting())

    var isClosed: Bool { waiting.withLock { $0.isClosed } }

    func addReader(_ signal: Signal, of partition: Int64) {
        waiting.withLock { $0.readers[partition, default: [:]][ObjectIdentifier(signal)] = signal }
    }

    func removeReader(_ signal: Signal, of partition: Int64) {
        waiting.withLock { waiting in
            waiting.readers[partition]?[ObjectIdentifier(signal)] = nil
            if waiting.readers[partition]?.isEmpty == true { waiting.readers[partition] = nil }
        }
    }

    func addMember(_ signal: Signal, of group: String) {
        waiting.withLock { $0.members[group, default: [:]][ObjectIdentifier(signal)] = signal }
    }

    func removeMember(_ signal: Signal, of group: String) {
        waiting.withLock { waiting in
            waiting.members[group]?[ObjectIdentifier(signal)] = nil
            if waiting.members[group]?.isEmpty == true { waiting.members[group] = nil }
        }
    }

    /// Handles a notification: `p1,2` records in partitions, `gNAME` a change of a group, `t` a change of topics; an empty one after a
    /// reconnect, when notifications may have been missed.
    func take(_ payload: String, directory: TopicDirectory) {
        let rest = payload.dropFirst()
        switch payload.first {
        case "p" where !rest.isEmpty:
            rest.split(separator: ",").compactMap { Int64($0) }.forEach { wakeReaders(of: $0) }
        case "p": wakeReaders()
        case "g": wakeMembers(of: String(rest))
        default:
            directory.forget()
            wakeAll()
        }
    }

    func wakeReaders() {
        waiting.withLock { $0.readers.values.flatMap(\.values) }.forEach { $0.set() }
    }

    func wakeReaders(of partition: Int64) {
        waiting.withLock { $0.readers[partition].map { Array($0.values) } ?? [] }.forEach { $0.set() }
    }

    func wakeMembers(of group: String) {
        waiting.withLock { $0.members[group].map { Array($0.values) } ?? [] }.forEach { $0.set() }
    }

    func wakeAll() {
        wakeReaders()
        waiting.withLock { $0.members.values.flatMap(\.values) }.forEach { $0.set() }
    }

    func close() {
        waiting.withLock { $0.isClosed = true }
        wakeAll()
    }
}
