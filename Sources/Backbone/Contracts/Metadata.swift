public import Avro

/// Where an event comes from.
public struct Metadata: AvroRecord, Equatable {
    /// The request everything began with.
    public var correlationID: CorrelationID
    /// The service that wrote it, for example `user-service`; see ``ServiceName/eventSource``.
    public var source: String
    /// Trace of the request (W3C Trace Context: 32 hexadecimal digits).
    public var traceID: String
    /// The event that caused this one; nil at the root.
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
