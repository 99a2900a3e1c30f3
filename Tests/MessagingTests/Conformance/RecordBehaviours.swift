import Foundation
import HubTesting
import Messaging
import Testing

extension EventLogBehaviour {
    static let records: [EventLogBehaviour] = [
        EventLogBehaviour("records of a key lie in one partition, in the order they were appended") { test in
            try await test.make()
            var positions: [String: [LogPosition]] = [:]
            for round in 0..<5 {
                let batch = (0..<20).map { test.record("key-\($0)", "\($0):\(round)") }
                for (record, position) in zip(batch, try await test.append(batch)) {
                    positions[String(decoding: record.key ?? [], as: UTF8.self), default: []].append(position)
                }
            }
            for (key, positions) in positions {
                #expect(Set(positions.map(\.partition)).count == 1)
                #expect(positions == positions.sorted())
                #expect(positions[0].partition.partition == Partitioner.partition(of: Array(key.utf8), among: 3))
            }
        },

        EventLogBehaviour("a record comes back as it was: key, headers and value, byte by byte") { test in
            try await test.make(partitions: 1)
            let headers = [
                RecordHeader("event-id", "evt_1"), RecordHeader("bytes", [0, 255, 128]), RecordHeader("empty", []),
                RecordHeader("twice", "a"), RecordHeader("twice", "b"), RecordHeader("none", nil),
            ]
            let record = NewRecord(topic: test.topic, key: "schlüssel/☂", headers: headers, value: [0, 1, 2, 255])
            let position = try await test.append([record])[0]
            let read = try await test.log.read(position.partition, from: 0, countMax: 10)
            #expect(read.count == 1)
            #expect(read.first?.key == record.key)
            #expect(read.first?.headers == headers)
            #expect(read.first?.value == record.value)
            #expect(read.first?.position == position)
        },

        EventLogBehaviour("a record may lack its key, and a tombstone has no value; keys are any bytes") { test in
            try await test.make(partitions: 1)
            let records = [
                NewRecord(topic: test.topic, key: nil, value: [1]), NewRecord(topic: test.topic, key: [], value: []),
                NewRecord(topic: test.topic, key: [0, 0xff, 0xfe], value: nil),
            ]
            try await test.append(records)
            let read = try await test.log.read(TopicPartition(test.topic, 0), from: 0, countMax: 10)
            #expect(read.map(\.key) == records.map(\.key))
            #expect(read.map(\.value) == records.map(\.value))
            #expect(read.map(\.id) == (0..<3).map { "\(test.topic)/0/\($0)" })
        },

        EventLogBehaviour("a record has the time it is given, and no earlier one than those before it") { test in
            try await test.make(partitions: 1)
            func record(_ second: Double?) -> NewRecord {
                NewRecord(
                    topic: test.topic, key: [1], value: [1],
                    time: second.map { Date(timeIntervalSince1970: 1_700_000_000 + $0) })
            }
            func seconds() async throws -> [Double] {
                try await test.log.read(TopicPartition(test.topic, 0), from: 0, countMax: 10).map {
                    $0.time.timeIntervalSince1970 - 1_700_000_000
                }
            }
            try await test.append([record(5), record(7)])
            let first = try await seconds()
            #expect(first == [5, 7])
            guard test.factory.abilities.contains(.risingTimes) else { return }
            try await test.append([record(6), record(9)])
            try await test.append([record(8)])
            #expect(try await seconds() == [5, 7, 7, 9, 9])
            let before = Date()
            try await test.append([record(10), record(nil), record(11)])
            let times = try await seconds()
            #expect(times[5] == 10)
            #expect(times[6] >= before.timeIntervalSince1970 - 1_700_000_001 && times[7] == times[6])
        },

        EventLogBehaviour("a reader reads ranges to their ends, over what was removed, and waits for what is to come") {
            test in
            try await test.make(partitions: 2, retention: .seconds(3_600))
            for partition in 0..<2 {
                try await test.append((0..<6).map { test.record("k", "\(partition):\($0)", partition: partition) })
            }
            let first = TopicPartition(test.topic, 0), second = TopicPartition(test.topic, 1)
            try await test.factory.removeRecords(of: first, below: 2, test.log)
            var texts: [String] = []
            try await test.log.forEachBatch(of: [first: 0..<4, second: 4..<6], countMax: 1) { batch in
                texts += batch.records.map(\.text)
            }
            #expect(texts.sorted() == ["0:2", "0:3", "1:4", "1:5"])

            let reader = try await test.log.reader([first: 5..<7, second: 6..<7])
            var more: [String] = []
            more += try await test.within { try await reader.next(countMax: 10)?.records.map(\.text) ?? [] }
            #expect(more == ["0:5"])
            async let last = test.within {
                var texts: [String] = []
                while let batch = try await reader.next(countMax: 10) { texts += batch.records.map(\.text) }
                return texts
            }
            try await test.append([test.record("k", "0:6", partition: 0), test.record("k", "1:6", partition: 1)])
            #expect(try await last.sorted() == ["0:6", "1:6"])
            await reader.close()
        },

        EventLogBehaviour("offsets of a partition rise without gaps, whoever appends at once") { test in
            try await test.make(partitions: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        for turn in 0..<10 {
                            try await test.append((0..<5).map { test.record("\(writer)-\($0)", "\(turn)") })
                        }
                    }
                }
                try await group.waitForAll()
            }
            var total = 0
            for (partition, range) in try await test.log.watermarks(of: test.topic) {
                let read = try await test.log.read(partition, from: 0, countMax: 1_000)
                #expect(read.map(\.position.offset) == Array(range))
                total += read.count
            }
            #expect(total == 400)
        },

        EventLogBehaviour("a reader that follows appends never misses an offset") { test in
            try await test.make(partitions: 1)
            let partition = TopicPartition(test.topic, 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        for turn in 0..<25 { try await test.append([test.record("k", "\(turn)")]) }
                    }
                }
                group.addTask {
                    try await test.within {
                        var seen: [Int64] = []
                        while seen.count < 150 {
                            let from = (seen.last ?? -1) + 1
                            let read = try await test.log.read(partition, from: from, countMax: 100)
                            seen += read.map(\.position.offset)
                        }
                        #expect(seen == Array(0..<150))
                    }
                }
                try await group.waitForAll()
            }
        },

        EventLogBehaviour("records are refused one by one: the others of the batch are stored") { test in
            try await test.make(partitions: 1)
            var unknown = test.record("k", "lost")
            unknown.topic = "no-such-topic"
            var huge = test.record("k", "huge")
            huge.value = [UInt8](repeating: 7, count: 3 * 1024 * 1024)
            let outcomes = await test.log.append([test.record("k", "a"), unknown, huge, test.record("k", "b")])
            guard case .accepted = outcomes[0], case .refused = outcomes[2], case .accepted = outcomes[3] else {
                Issue.record("\(outcomes)")
                return
            }
            // It might be on its way to the brokers, and is unconfirmed until that can no longer be.
            var outcome = outcomes[1]
            try await eventually("the topic that is not there is refused") {
                if case .refused = outcome { return true }
                outcome = await test.log.append([unknown])[0]
                return false
            }
            let read = try await test.log.read(TopicPartition(test.topic, 0), from: 0, countMax: 10)
            #expect(read.map(\.text) == ["a", "b"])
        },

        EventLogBehaviour("what was appended is there for a client that comes later") { test in
            try await test.make(partitions: 1)
            try await test.append([test.record("k", "a"), test.record("k", "b")])
            let later = try await test.factory.connect()
            let read = try await later.read(TopicPartition(test.topic, 0), from: 1, countMax: 10)
            #expect(read.map(\.text) == ["b"])
        },

        EventLogBehaviour("search finds records by header, by key and by what stands in the value") { test in
            try await test.make()
            var traced = test.record("k1", "first")
            traced.headers = [RecordHeader(HeaderName.correlationID, "req_\(test.topic)")]
            let inValue = test.record("k2", "body with usr_\(test.topic) inside")
            try await test.append([traced, inValue, test.record("k3-\(test.topic)", "third")])
            func found(_ text: String) async throws -> [String] {
                try await test.log.search(LogSearch([text], topics: [test.topic])).map(\.text)
            }
            #expect(try await found("req_\(test.topic)") == ["first"])
            #expect(try await found("usr_\(test.topic)") == ["body with usr_\(test.topic) inside"])
            #expect(try await found("k3-\(test.topic)") == ["third"])
            #expect(try await found("nowhere-\(test.topic)").isEmpty)
        },
    ]
}
