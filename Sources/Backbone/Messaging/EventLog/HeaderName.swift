/// The headers beside every event. They are part of the contract: see `docs/`.
public enum HeaderName {
    public static let eventID = "event-id"
    public static let eventType = "event-type"
    public static let correlationID = "correlation-id"
    public static let traceparent = "traceparent"
    public static let contentType = "content-type"
    /// Beyond the contract's five: the event that caused this one, absent at the root. Lets a journey be drawn without decoding.
    public static let causationID = "causation-id"
}
