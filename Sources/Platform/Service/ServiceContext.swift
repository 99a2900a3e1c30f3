#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts
public import EventLoop
public import HTTP
public import Messaging
public import Observability
public import Postgres

/// The present moment of a clock that nobody sets.
public typealias Uptime = @Sendable () -> ContinuousClock.Instant

/// What a service is given at start: everything outside itself.
public struct ServiceContext: Sendable {
    public let name: ServiceName
    public let settings: Settings
    public let loops: EventLoopGroup
    /// Threads for what blocks or burns.
    public let blockingPool: BlockingPool
    /// The service's own schema, and no other.
    public let database: Database
    public let outbox: Outbox
    public let http: HTTPClient
    public let services: ServiceDirectory
    public let seal: IdentitySeal
    public let logger: Logger
    public let metrics: Metrics
    /// The time of day, which somebody may set: for what is stored, shown or put into a token.
    public let clock: @Sendable () -> Date
    /// Time that only goes forward: for how long something takes or lasts.
    public let uptime: Uptime

    public init(
        name: ServiceName, settings: Settings, loops: EventLoopGroup, blockingPool: BlockingPool, database: Database,
        outbox: Outbox, http: HTTPClient, services: ServiceDirectory, seal: IdentitySeal, logger: Logger,
        metrics: Metrics, clock: @escaping @Sendable () -> Date, uptime: @escaping Uptime
    ) {
        self.name = name
        self.settings = settings
        self.loops = loops
        self.blockingPool = blockingPool
        self.database = database
        self.outbox = outbox
        self.http = http
        self.services = services
        self.seal = seal
        self.logger = logger
        self.metrics = metrics
        self.clock = clock
        self.uptime = uptime
    }

    /// Asks another service on this service's own account.
    /// - Parameters:
    ///   - target: path and query, raw.
    ///   - client: connections of the caller's own; nil for those that the process shares.
    /// - Throws: 503 when the service is away or takes longer than `timeout`. A refusal by the service is an answer, not an error.
    public func call(
        _ service: ServiceName, _ method: HTTPMethod, _ target: String, json body: [UInt8]? = nil,
        over client: HTTPClient? = nil, timeout: Duration = .seconds(10)
    ) async throws -> HTTPClientResponse {
        guard let address = services[service] else { throw Problem.unavailable }
        var request = HTTPClientRequest(method, address + target)
        request.fields[IdentitySeal.fieldName] = seal.header(
            for: .service(name), method: method.rawValue, target: target, body: body ?? [])
        if let trace = TraceContext.current?.child() {
            request.fields["x-correlation-id"] = trace.correlationID
            request.fields["traceparent"] = trace.traceparent.description
        }
        if let body {
            request.fields["content-type"] = "application/json"
            request.body = .bytes(body)
        }
        do {
            return try await (client ?? http).send(request, timeout: timeout)
        } catch {
            logger.warning("a service did not answer", [.name: .text(service.rawValue), .error: LogValue(error)])
            throw Problem.unavailable
        }
    }
}
