public import Avro

/// The data of one type of event, generated from its schema in `contracts/`.
public protocol Event: AvroRecord, Equatable {
    /// The topic of the events; its name is the event's type.
    static var topic: Topic { get }
    /// The schema of the whole message: envelope and data.
    static var schema: Schema { get }
    /// The version of the event's meaning, stored in the envelope.
    static var version: String { get }
    /// The name of the data field that is the message's key.
    static var keyField: String { get }
    /// The message's key: events with the same key stay in order.
    var key: String { get }
    /// As `envelope.encode(into:)`; generated for each event, so that generic code calls a codec made for the type.
    static func encode(_ envelope: Envelope<Self>, into encoder: inout AvroEncoder)
    /// As `Envelope(from:)`, likewise.
    static func decodeEnvelope(from decoder: inout AvroDecoder) throws(AvroError) -> Envelope<Self>
}

extension Event {
    public static var version: String { "1.0" }
}
