public import Contracts

/// A record of an answered request, kept for a day: no address, no person, no values from the path.
public struct AnsweredRequest: Sendable, Equatable {
    /// The arrival time in milliseconds since 1970.
    public var atMs: Int64
    public var service: ServiceName
    public var method: String
    /// The pattern of the path, such as `/courses/{id}`.
    public var route: String
    public var status: Int
    /// From the request head to the response head.
    public var microseconds: Int64
    public var correlationID: String

    public init(
        atMs: Int64, service: ServiceName, method: String, route: String, status: Int, microseconds: Int64,
        correlationID: String
    ) {
        self.atMs = atMs
        self.service = service
        self.method = method
        self.route = route
        self.status = status
        self.microseconds = microseconds
        self.correlationID = correlationID
    }
}
