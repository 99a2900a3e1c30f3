import Avro
import Contracts
import Foundation
import HubTesting
import SchemaRegistry
import Testing

@Suite struct EventCodecTests {
    private let time = Date(timeIntervalSince1970: 1_705_428_000)

    private func envelope() -> Envelope<PointsAwarded> {
        Envelope(
            eventID: .make(at: time), timestamp: time,
            data: PointsAwarded(
                awardID: .make(at: time), userID: .make(at: time), points: 50, rule: "sign-up",
                sourceEventID: .make(at: time),
                totalPoints: 50, awardedAt: time),
            metadata: Metadata(correlationID: .make(at: time), source: "gamification-service", traceID: "t"))
    }

    @Test func `a message is framed with its schema's id and comes back`() async throws {
        let registry = InMemorySchemaRegistry()
        let codec = EventCodec(registry: registry)
        try await codec.prepare([UserDeleted.self, PointsAwarded.self])
        let envelope = envelope()
        let message = try codec.encode(envelope)
        #expect(Array(message.prefix(5)) == [0, 0, 0, 0, 2])
        #expect(try await codec.decode(message, as: PointsAwarded.self) == envelope)
        // Another process, which registered nothing itself, reads it too.
        #expect(try await EventCodec(registry: registry).decode(message, as: PointsAwarded.self) == envelope)
        #expect(try await codec.json(of: message) == envelope.json())
    }

    @Test func `an event is registered before it is written`() throws {
        let error = #expect(throws: EventCodecError.self) {
            try EventCodec(registry: InMemorySchemaRegistry()).encode(envelope())
        }
        #expect(error?.kind == .notPrepared)
    }

    @Test func `a message of another version is read through a plan`() async throws {
        let registry = InMemorySchemaRegistry()
        let text = PointsAwarded.schema.compactText.replacingOccurrences(
            of: #"{"name":"points","#, with: #"{"name":"season","type":"string"},{"name":"points","#)
        let newer = try Schema(parsing: text)
        let id = try await registry.register(newer, subject: "points.awarded-value")
        let envelope = envelope()
        guard case .object(var members) = try envelope.json(), case .object(var data)? = try envelope.json()["data"]
        else { return }
        data.append(.init("season", .string("spring")))
        members = members.map { $0.name == "data" ? .init("data", .object(data)) : $0 }
        let body = try AvroValue(json: .object(members), schema: newer).encoded(as: newer)
        let codec = EventCodec(registry: registry)
        #expect(try await codec.decode(SchemaFrame.header(for: id) + body, as: PointsAwarded.self) == envelope)
        #expect(try await codec.json(of: SchemaFrame.header(for: id) + body)["data"]?["season"] == .string("spring"))
    }

    @Test func `an unreadable message reports whether the failure is permanent`() async throws {
        let registry = InMemorySchemaRegistry()
        let codec = EventCodec(registry: registry)
        try await codec.prepare([PointsAwarded.self, UserDeleted.self])
        let message = try codec.encode(envelope())
        for (bytes, kind) in [
            ([], .malformedFrame), ([7, 0, 0, 0, 1], .malformedFrame), ([0, 0, 0, 1], .malformedFrame),
            (message.dropLast(), .malformedBody), (message + [0], .malformedBody),
            ([0, 0, 0, 0, 99, 1], .unknownSchema),
            ([0, 0, 0, 0, 2] + message.dropFirst(5), .incompatibleSchema),
        ] as [([UInt8], EventCodecError.Kind)] {
            let error = await #expect(throws: EventCodecError.self) {
                try await codec.decode(bytes, as: PointsAwarded.self)
            }
            #expect(error?.kind == kind)
            #expect(error?.isPermanent == (kind != .unknownSchema))
        }
    }

    @Test func `both framings are written and read`() throws {
        let uuid = try #require(UUID(uuidString: "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"))
        let glue = SchemaFrame.header(for: .uuid(uuid))
        #expect(
            glue == [
                3, 0, 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78, 0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0,
            ])
        let parsedGlue = try SchemaFrame.parse(glue + [1])
        #expect(parsedGlue == (.uuid(uuid), 18))
        #expect(SchemaFrame.header(for: .number(0x0102_0304)) == [0, 1, 2, 3, 4])
        let parsed = try SchemaFrame.parse([0, 1, 2, 3, 4, 9])
        #expect(parsed == (.number(0x0102_0304), 5))
        #expect(throws: EventCodecError.self) { try SchemaFrame.parse([3, 5] + glue.dropFirst(2)) }
        #expect(throws: EventCodecError.self) { try SchemaFrame.parse(glue.dropLast()) }
    }
}
