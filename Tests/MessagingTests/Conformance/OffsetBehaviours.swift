import Foundation
import HubTesting
import Messaging
import Testing

extension EventLogBehaviour {
    static let offsets: [EventLogBehaviour] = [
        EventLogBehaviour("a time leads to the offset of the first record from then on") { test in
            try await test.make(partitions: 1)
            let partition = TopicPartition(test.topic, 0)
            for turn in 0..<10 { try await test.append([test.record("k", "\(turn)")]) }
            let read = try await test.log.read(partition, from: 0, countMax: 100)
            for record in read {
                let offset = try await test.log.offsets(of: test.topic, at: record.time)[partition]
                let expected = read.first { $0.time >= record.time }?.position.offset
                #expect(offset == expected)
            }
            let before = try #require(read.first).time.addingTimeInterval(-60)
            let after = try #require(read.last).time.addingTimeInterval(60)
            #expect(try await test.log.offsets(of: test.topic, at: before)[partition] == 0)
            #expect(try await test.log.offsets(of: test.topic, at: after)[partition] == 10)
        },

        EventLogBehaviour("retention removes old records and nothing else, and reading goes on behind them") { test in
            try await test.make(partitions: 1, retention: .seconds(3_600))
            let partition = TopicPartition(test.topic, 0)
            try await test.append((0..<7).map { test.record("k", "\($0)") })
            #expect(try await test.log.enforceRetention(at: Date()) == 0)
            let removed = try await test.log.enforceRetention(at: Date().addingTimeInterval(7_200))
            #expect(removed == 7)
            try await test.append([test.record("k", "new")])
            #expect(try await test.log.watermarks(of: test.topic)[partition] == 7..<8)
            #expect(try await test.log.read(partition, from: 0, countMax: 10).map(\.text) == ["new"])
            let summary = try await test.log.topics().first { $0.settings.name == test.topic }
            #expect(summary?.messageCount == 1)
        },

        EventLogBehaviour("a topic keeps its records when it is declared again with more partitions") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a")])
            try await test.make(partitions: 4)
            #expect(try await test.log.watermarks(of: test.topic).count == 4)
            try await test.make(partitions: 2)
            #expect(try await test.log.watermarks(of: test.topic).count == 4)
            #expect(try await test.log.read(TopicPartition(test.topic, 0), from: 0, countMax: 5).map(\.text) == ["a"])
            try await test.append([test.record("k", "d", partition: 3)])
        },

        EventLogBehaviour("a topic that is removed is unknown, and new when made again") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a")])
            try await test.log.deleteTopics([test.topic, "no-such-topic"])
            await #expect(throws: EventLogError.unknownTopic(test.topic)) {
                _ = try await test.log.watermarks(of: test.topic)
            }
            try await test.make(partitions: 1)
            #expect(try await test.append([test.record("k", "b")]).map(\.offset) == [0])
        },
    ]
}
