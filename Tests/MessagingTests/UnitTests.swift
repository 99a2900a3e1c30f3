import EventLoop
import HubTesting
@testable import Messaging
import Synchronization
import Testing

@Suite struct PartitionerTests {
    /// The values Apache Kafka's own test of `Utils.murmur2` expects.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `a key has the hash that Kafka's producers compute`(key: String, hash: Int32) {
        #expect(Array(key.utf8).withUnsafeBufferPointer { Int32(bitPattern: Partitioner.murmur2($0)) } == hash)
    }

    @Test func `every partition gets keys, and no key another partition`() {
        for count in 1...7 {
            let partitions = (0..<1_000).map { Partitioner.partition(of: Array("usr_\($0)".utf8), among: count) }
            #expect(Set(partitions) == Set(0..<count))
            #expect(partitions == (0..<1_000).map { Partitioner.partition(of: Array("usr_\($0)".utf8), among: count) })
        }
    }
}

@Suite struct HeaderCodecTests {
    @Test func `headers come back as they were`() {
        let headers = [
            RecordHeader("a", [0, 255]), RecordHeader("", []), RecordHeader("ü", "ß"), RecordHeader("a", "2"),
            RecordHeader("none", nil),
        ]
        #expect(HeaderCodec.decode(HeaderCodec.encode(headers)) == headers)
        #expect(HeaderCodec.decode(HeaderCodec.encode([])) == [])
    }

    @Test func `damaged headers are kept as one header, without a crash`() {
        let bytes = HeaderCodec.encode([RecordHeader("event-id", "evt_1"), RecordHeader("b", [1, 2, 3])])
        for count in 0..<bytes.count {
            let cut = Array(bytes[..<count])
            #expect(HeaderCodec.decode(cut) == [RecordHeader("damaged-headers", cut)])
        }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0xff
            _ = HeaderCodec.decode(flipped)
        }
    }
}

@Suite struct RetryPolicyTests {
    @Test func `pauses grow with every attempt, with full jitter and a maximum`() {
        var policy = RetryPolicy()
        policy.delayBase = .milliseconds(100)
        policy.delayMax = .seconds(2)
        var random = SystemRandomNumberGenerator()
        for (attempt, ceiling) in [(1, 100), (2, 200), (3, 400), (5, 1_600), (6, 2_000), (1_000, 2_000)] {
            let delays = (0..<500).map { _ in policy.delay(after: attempt, using: &random) }
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= .milliseconds(ceiling) })
            #expect(delays.contains { $0 < .milliseconds(ceiling / 5) })
            #expect(delays.contains { $0 > .milliseconds(ceiling * 4 / 5) })
        }
    }
}

@Suite struct AssignmentTests {
    private func plan(_ members: [String], _ holders: [String?], topics: Set<String> = ["t"]) -> [Int64: String] {
        Assignment.plan(
            members.map { .init(id: $0, topics: topics) },
            holders.enumerated().map { .init(id: Int64($0), topic: "t", holder: $1) })
    }

    @Test func `members get equal shares of the topics they subscribe to`() {
        for memberCount in 1...5 {
            for partitionCount in 0...12 {
                let members = (0..<memberCount).map { "m\($0)" }
                let owners = plan(members, Array(repeating: nil, count: partitionCount))
                #expect(owners.count == partitionCount)
                let loads = members.map { member in owners.values.count { $0 == member } }
                #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1)
            }
        }
        #expect(plan(["a"], [nil, nil], topics: ["other"]).isEmpty)
    }

    @Test func `a newcomer takes its share and the others keep the rest`() {
        let owners = plan(["a", "b"], ["a", "a", "a", "a", "a", "a"])
        #expect(owners.values.count { $0 == "b" } == 3)
        // Giving back one by one, in any order, leads to the same end.
        var holders: [String?] = ["a", "a", "a", "a", "a", "a"]
        for _ in 0..<6 {
            let wanted = plan(["a", "b"], holders)
            guard let next = holders.indices.last(where: { holders[$0] != wanted[Int64($0)] }) else { break }
            holders[next] = holders[next] == nil ? wanted[Int64(next)] : nil
        }
        #expect(holders.count { $0 == "b" } == 3 && holders.count { $0 == "a" } == 3)
    }

    @Test func `an even assignment is not changed`() {
        let holders: [String?] = ["b", "a", "b", "a", "a"]
        let owners = plan(["a", "b"], holders)
        #expect(owners == Dictionary(uniqueKeysWithValues: holders.enumerated().map { (Int64($0), $1 ?? "") }))
    }

    @Test func `the partitions of a member that left are distributed`() {
        let owners = plan(["a", "b"], ["gone", "a", "gone", "b"])
        #expect(owners[1] == "a" && owners[3] == "b")
        #expect(owners.values.count { $0 == "a" } == 2)
    }
}

@Suite struct TopicDirectoryTests {
    @Test func `data read before a change are not cached after it`() async throws {
        let isAsked = Gate(), mayAnswer = Gate()
        let table = Mutex<[Int64]>([1, 2])
        let directory = TopicDirectory { _ in
            let ids = table.withLock { $0 }
            isAsked.open()
            try await mayAnswer.wait()
            return .init(partitionIDs: ids, recordBytesMax: 1)
        }
        async let early = directory.topic("a")?.partitionIDs
        try await isAsked.wait()
        table.withLock { $0 = [1, 2, 3] }
        directory.forget()
        mayAnswer.open()
        #expect(try await early == [1, 2])
        #expect(try await directory.topic("a")?.partitionIDs == [1, 2, 3])
        #expect(try await directory.topic("a")?.partitionIDs == [1, 2, 3])
        // Asked twice, not three times: what is current is kept.
        #expect(isAsked.passed == 2)
    }
}

@Suite struct DeadLetterIDTests {
    @Test(arguments: ["", "a", "a/1", "a/b/c", "a/-1/2", "a/1/-2", "/1/2", "a/1/2/3", "a/1/99999999999999999999"])
    func `text that is not the id of a dead letter is refused`(text: String) {
        #expect(DeadLetter.ID(text) == nil)
    }
}
