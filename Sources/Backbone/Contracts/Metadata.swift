public import Avro

/// The origin of an event.
public struct Metadata: AvroRecord, Equatable {
    /// The request that is the first cause of the event.
    public var correlationID: CorrelationID
    /// The service that produced the event, for example `user-service`; see ``ServiceName/eventSource``.
    public var source: String
    /// Trace of the request (W3C Trace Context: 32 hexadecimal digits).
    public var traceID: String
    /// The event that caused this event; nil if a request caused it.
    public var causationID: EventID?

    public init(correlationID: CorrelationID, source: String, traceID: String, causationID: EventID? = nil) {
        self.correlationID = correlationID
        self.source = source
        self.traceID = traceID
        self.causationID = causationID
    }

    public func encode(into encoder: inout AvroEncoder) {
        encoder.write(correlationID.rawValue)
        encoder.write(source)
        encoder.write(traceID)
        if let causationID {
            encoder.write(index: 1)
            encoder.write(causationID.rawValue)
        } else {
            encoder.write(index: 0)
        }
    }

    public init(from decoder: inout AvroDecoder) throws(AvroError) {
        let correlationID = try decoder.id(CorrelationID.self)
        let source = try decoder.string()
        let traceID = try decoder.string()
        let causationID = try decoder.isPresent() ? try decoder.id(EventID.self) : nil
        self.init(correlationID: correlationID, source: source, traceID: traceID, causationID: causationID)
    }
}
