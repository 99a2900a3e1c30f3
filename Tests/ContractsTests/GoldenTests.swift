import Avro
import Contracts
import Testing

@Suite struct GoldenTests {
    @Test(arguments: TopicCatalogue.all)
    func `the bytes of every event stay what they were`(topic: Topic) throws {
        let event = try #require(EventCatalogue.event(for: topic))
        let goldens = try Golden.all(of: event)
        for golden in goldens {
            if Golden.isWriting, golden.has(.example), !golden.has(.bytes) {
                let bytes = try golden.encodedExample()
                // First: what the event's Swift type refuses is not written.
                try expect(event, reads: bytes, writtenBy: try golden.schema())
                try golden.write(bytes)
            }
            try #require(golden.has(.example) && golden.has(.bytes), "\(Golden.advice)")
            let (json, bytes) = (try golden.json(), try golden.bytes())
            let schema = try golden.schema()
            #expect(try AvroValue(decoding: bytes, schema: schema).json(of: schema) == json)
            try expect(event, reads: bytes, writtenBy: schema)
        }
        let latest = try #require(goldens.last)
        try expect(event, turns: latest.json(), into: latest.bytes())
    }

    private func expect<E: Event>(_ event: E.Type, turns json: JSONTree, into bytes: [UInt8]) throws {
        let envelope = try Envelope<E>(json: json)
        #expect(envelope.encoded() == bytes)
        #expect(try Envelope<E>(avro: bytes) == envelope)
        #expect(try envelope.json() == json)
    }

    private func expect<E: Event>(_ event: E.Type, reads bytes: [UInt8], writtenBy schema: Schema) throws {
        let plan = try ResolutionPlan(writer: schema, reader: E.schema)
        let envelope = try Envelope<E>(avro: bytes, from: 0, by: plan)
        #expect(try Envelope<E>(avro: envelope.encoded()) == envelope)
    }
}
