import HubTesting
import Kafka
import Testing

@Suite struct ReaderTests {
    private func readAll(_ reader: KafkaReader) async throws -> [KafkaPartition: [String]] {
        var found: [KafkaPartition: [String]] = [:]
        while let batch = try await reader.next(countMax: 7) { found[batch.partition, default: []] += batch.texts }
        return found
    }

    @Test(arguments: Place.all)
    func `ranges are read to their ends`(on place: Place) async throws {
        try await KafkaWorld.with(place, partitionCount: 2) { world in
            let values = (0..<50).map { "\($0)" }
            try await world.append(values, partition: 0)
            try await world.append(values, partition: 1)
            let ranges: [KafkaPartition: Range<Int64>] = [world.partition(0): 10..<20, world.partition(1): 45..<50]
            let reader = try await world.cluster.read(ranges, on: world.loop)
            let found = try await readAll(reader)
            #expect(found[world.partition(0)] == Array(values[10..<20]))
            #expect(found[world.partition(1)] == Array(values[45..<50]))
            await reader.close(within: .seconds(10))
        }
    }

    @Test(arguments: Place.all)
    func `a range beyond the end of the log waits for new records`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b"])
            let reader = try await world.cluster.read([world.partition(): 1..<3], on: world.loop)
            #expect(try await reader.next(countMax: 7)?.texts == ["b"])
            async let more = reader.next(countMax: 7)
            try await world.append(["c"])
            #expect(try await more?.texts == ["c"])
            #expect(try await reader.next(countMax: 7) == nil)
            await reader.close(within: .seconds(10))
        }
    }

    @Test(arguments: Place.all)
    func `a reader of nothing ends at once`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            let reader = try await world.cluster.read([world.partition(): 0..<0], on: world.loop)
            #expect(try await reader.next(countMax: 1) == nil)
            await reader.close(within: .seconds(10))
        }
    }

    @Test(arguments: Place.real)
    func `a range cut by retention is reported`(on place: Place) async throws {
        try await KafkaWorld.with(place) { world in
            try await world.append(["a", "b", "c"])
            try await world.administering { admin in
                let errors = try await admin.deleteRecords(before: [world.partition(): 2], within: .seconds(30))
                #expect(errors == [:])
            }
            let reader = try await world.cluster.read([world.partition(): 0..<3], on: world.loop)
            await #expect(throws: KafkaGap(partition: world.partition(), offset: 0, kept: 2..<3)) {
                try await reader.next(countMax: 1)
            }
            await reader.close(within: .seconds(10))
        }
    }
}
