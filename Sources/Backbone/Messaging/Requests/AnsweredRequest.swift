public import Contracts

/// An answer to a request, as it is kept for a day: no address, no person, no value from the path.
public struct AnsweredRequest: Sendable, Equatable {
    /// When the request came, in milliseconds since 1970.
    public var atMs: Int64
    public var service: ServiceName
    public var method: String
    /// The pattern of the path, such as `/courses/{id}`.
    public var route: String
    public var status: Int
    /// From the head of the request to the head of its answer.
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
