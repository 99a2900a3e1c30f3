public import Avro
#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A message: an event's data with its metadata.
public struct Envelope<E: Event>: AvroRecord, Equatable {
    /// The same for every delivery of the event.
    public var eventID: EventID
    /// The time of the event, in milliseconds.
    public var timestamp: Date
    /// Version of the event's meaning.
    public var version: String
    public var data: E
    public var metadata: Metadata

    /// - Parameter timestamp: rounded to milliseconds.
    public init(eventID: EventID, timestamp: Date, version: String = E.version, data: E, metadata: Metadata) {
        self.eventID = eventID
        self.timestamp = Date(millisecondsSince1970: timestamp.millisecondsSince1970)
        self.version = version
        self.data = data
        self.metadata = metadata
    }

    public func encode(into encoder: inout AvroEncoder) {
        encoder.write(eventID.rawValue)
        encoder.write(E.topic.name)
        encoder.write(timestamp)
        encoder.write(version)
        data.encode(into: &encoder)
        metadata.encode(into: &encoder)
    }

    public init(from decoder: inout AvroDecoder) throws(AvroError) {
        let eventID = try decoder.id(EventID.self)
        try decoder.expect(E.topic.name)
        let timestamp = try decoder.date()
        let version = try decoder.string()
        let data = try E(from: &decoder)
        let metadata = try Metadata(from: &decoder)
        self.init(eventID: eventID, timestamp: timestamp, version: version, data: data, metadata: metadata)
    }
}

extension Envelope {
    /// Decodes a message from all bytes from `start` on.
    /// - Parameter plan: converts messages of another schema version; nil for our own version.
    public init(avro bytes: [UInt8], from start: Int = 0, by plan: ResolutionPlan?) throws(AvroError) {
        self = try bytes.decodingAvro(from: start, by: plan) { (decoder) throws(AvroError) in
            try E.decodeEnvelope(from: &decoder)
        }
    }

    /// The message as documented in the catalogue: ISO-8601 times, decimals as numbers, no entry for null.
    public func json() throws(AvroError) -> JSONTree {
        try AvroValue(decoding: encoded(), schema: E.schema).json(of: E.schema)
    }

    /// Parses the output of ``json()``.
    public init(json: JSONTree) throws(AvroError) {
        try self.init(avro: AvroValue(json: json, schema: E.schema).encoded(as: E.schema))
    }
}
