/// The headers of every event. They are part of the contract: see `docs/`.
public enum HeaderName {
    public static let eventID = "event-id"
    public static let eventType = "event-type"
    public static let correlationID = "correlation-id"
    public static let traceparent = "traceparent"
    public static let contentType = "content-type"
    /// In addition to the contract's five: the event that caused this one; absent for the first event. It shows the causal chain without
    /// decoding.
    public static let causationID = "causation-id"
}
