import Avro
import Contracts
import Foundation
import HubTesting
import Testing

/// Decoding any bytes gives a value or a typed error. It cannot throw anything else, so these tests check that it
/// neither crashes nor allocates the memory that a message only announces.
@Suite(.serialized) struct CorruptionTests {
    private static let list = Schema.sample(
        """
        {"type": "record", "name": "L", "fields": [
            {"name": "values", "type": {"type": "array", "items": "long"}}, {"name": "names", "type": {"type": "map", "values": "bytes"}},
            {"name": "nothing", "type": {"type": "array", "items": "null"}}, {"name": "next", "type": ["null", "L"]}
        ]}
        """)

    /// Decodes in every way there is; true when the bytes were refused.
    private func isRefused(_ bytes: [UInt8], _ event: any Event.Type) -> Bool {
        func decode<E: Event>(_ event: E.Type) -> Bool { (try? Envelope<E>(avro: bytes)) == nil }
        let typed = decode(event)
        let generic = (try? AvroValue(decoding: bytes, schema: event.schema)) == nil
        // The typed codec knows more rules (ids, amounts), never fewer.
        #expect(typed || !generic)
        return typed
    }

    private func samples() throws -> [(any Event.Type, [UInt8])] {
        try EventCatalogue.all.map { ($0, try GoldenBytes.latest(of: $0)) }
    }

    @Test func `a message truncated at any place is refused`() throws {
        for (event, bytes) in try samples() {
            try #require(!isRefused(bytes, event))
            for count in bytes.indices {
                try #require(isRefused(Array(bytes[..<count]), event), "\(event) cut to \(count)")
            }
        }
    }

    @Test func `flipped bits, foreign bytes and huge lengths neither crash nor take memory`() throws {
        let samples = try samples()
        let before = try peakMemoryBytes()
        var random = SeededRandom(seed: 6)
        var refused = 0
        let rounds = 30_000
        for round in 0..<rounds {
            var (event, bytes) = samples[round % samples.count]
            let position = Int.random(in: bytes.indices, using: &random)
            switch round % 4 {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 1: bytes[position] = UInt8.random(in: .min ... .max, using: &random)
            case 2:
                // A length of up to 2^62 where there was another.
                var encoder = AvroEncoder()
                encoder.write(Int64.max >> Int64.random(in: 1...40, using: &random))
                bytes.replaceSubrange(position...position, with: encoder.bytes)
            default: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...9, using: &random)))
            }
            if isRefused(bytes, event) { refused += 1 }
        }
        #expect(refused > rounds / 4)
        // Generous, because other tests run concurrently; messages announce up to 2^62 bytes.
        #expect(try peakMemoryBytes() - before < 1 << 30)
    }

    @Test func `a plan meets corrupt bytes the same way`() throws {
        let writer = QuizSubmitted.schema
        let text = writer.compactText.replacingOccurrences(
            of: #"{"name":"attempt","type":"int","#,
            with:
                #"{"name":"more","type":{"type":"array","items":"string"},"default":["x"]},{"name":"attempt","type":"double","#
        )
        let plan = try ResolutionPlan(writer: writer, reader: Schema(parsing: text))
        try #require(!plan.isIdentity)
        let bytes = try #require(try samples().first { $0.0.topic == .quizSubmitted }).1
        _ = try plan.resolve(bytes)
        var random = SeededRandom(seed: 8)
        for count in bytes.indices { #expect(throws: AvroError.self) { try plan.resolve(Array(bytes[..<count])) } }
        for _ in 0..<5_000 {
            var bytes = bytes
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            _ = try? plan.resolve(bytes)
        }
    }

    @Test(
        arguments: [
            // An array of 2^62 longs, a map likewise, a block whose size is longer than the message, and the smallest count.
            ([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], AvroError.Reason.lengthOutOfBounds),
            ([0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .lengthOutOfBounds),
            ([1, 0xfe, 0xff, 0xff, 0x07, 2], .lengthOutOfBounds),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .lengthOutOfBounds),
            // Two million nulls take no bytes, so nothing but a limit bounds them.
            ([0, 0, 0x80, 0x89, 0xf4, 0x01, 0, 0], .lengthOutOfBounds),
            // An integer of more than 64 bits, and one that never ends.
            ([2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], .malformedNumber),
            ([2, 0xff, 0xff], .truncated),
            ([0, 0, 0, 4], .unknownBranch),
            ([0, 0, 0, 0, 9], .trailingBytes),
        ] as [([UInt8], AvroError.Reason)])
    func `a length is compared with what is left`(bytes: [UInt8], reason: AvroError.Reason) {
        let error = #expect(throws: AvroError.self) { try AvroValue(decoding: bytes, schema: Self.list) }
        #expect(error?.reason == reason)
    }

    @Test func `nesting is bounded`() throws {
        func nested(_ depth: Int) -> [UInt8] { (0..<depth).flatMap { _ in [0, 0, 0, 2] as [UInt8] } + [0, 0, 0, 0] }
        _ = try AvroValue(decoding: nested(20), schema: Self.list)
        for depth in [64, 10_000, 1_000_000] {
            let error = #expect(throws: AvroError.self) { try AvroValue(decoding: nested(depth), schema: Self.list) }
            #expect(error?.reason == .tooDeep)
        }
        let reader = Schema.sample(
            Self.list.text.replacingOccurrences(of: #""items": "long""#, with: #""items": "double""#))
        let plan = try ResolutionPlan(writer: Self.list, reader: reader)
        let error = #expect(throws: AvroError.self) { try plan.resolve(nested(100_000)) }
        #expect(error?.reason == .tooDeep)
    }

    @Test func `random bytes are decoded or refused by every schema`() {
        var random = SeededRandom(seed: 3)
        for round in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            if round % 2 == 0 {
                _ = try? AvroValue(decoding: bytes, schema: Self.list)
            } else {
                _ = isRefused(bytes, EventCatalogue.all[round / 2 % EventCatalogue.all.count])
            }
        }
    }

    /// The most memory the process has had.
    private func peakMemoryBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.filter(\.isNumber))) * 1_024
    }
}
