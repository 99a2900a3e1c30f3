/// Assigns partitions to members: evenly, and with the fewest possible moves.
///
/// Every member computes the same result from the same rows under the group's lock, so there is no leader. The holder of a partition that
/// should move releases it before another member claims it; other partitions continue without interruption.
enum Assignment {
    struct Member: Sendable {
        var id: String
        var topics: Set<String>
    }

    struct Partition: Sendable {
        var id: Int64
        var topic: String
        var holder: String?
    }

    /// The assigned member of each partition; partitions without a subscriber are absent.
    static func plan(_ members: [Member], _ partitions: [Partition]) -> [Int64: String] {
        let members = members.sorted { $0.id < $1.id }
        let partitions = partitions.sorted { $0.id < $1.id }
        var owners: [Int64: String] = [:]
        var loads: [String: Int] = [:]
        func eligible(_ topic: String) -> [Member] { members.filter { $0.topics.contains(topic) } }

        for partition in partitions {
            guard let holder = partition.holder, eligible(partition.topic).contains(where: { $0.id == holder })
            else { continue }
            owners[partition.id] = holder
            loads[holder, default: 0] += 1
        }
        for partition in partitions where owners[partition.id] == nil {
            guard
                let idlest = eligible(partition.topic).min(by: { loads[$0.id, default: 0] < loads[$1.id, default: 0] })
            else { continue }
            owners[partition.id] = idlest.id
            loads[idlest.id, default: 0] += 1
        }
        // Each iteration makes the load more even, so the loop terminates.
        while let move = unevenness(partitions, owners, loads, eligible) {
            if let old = owners[move.partition] { loads[old, default: 0] -= 1 }
            owners[move.partition] = move.member
            loads[move.member, default: 0] += 1
        }
        return owners
    }

    /// A partition whose move makes the load more even: the last one of the busiest member that another member may take.
    private static func unevenness(
        _ partitions: [Partition], _ owners: [Int64: String], _ loads: [String: Int], _ eligible: (String) -> [Member]
    ) -> (partition: Int64, member: String)? {
        let byLoad = partitions.reversed().sorted {
            loads[owners[$0.id] ?? "", default: 0] > loads[owners[$1.id] ?? "", default: 0]
        }
        for partition in byLoad {
            guard let owner = owners[partition.id],
                let idlest = eligible(partition.topic).min(by: { loads[$0.id, default: 0] < loads[$1.id, default: 0] }),
                loads[owner, default: 0] - loads[idlest.id, default: 0] >= 2
            else { continue }
            return (partition.id, idlest.id)
        }
        return nil
    }
}
