public import Contracts
internal import EventLoop
public import HTTP
public import Messaging
public import Platform

/// The public entry point: authenticates, limits and routes requests.
public struct GatewayService: HubService {
    public static let name = ServiceName.gateway
    public static let settings = GatewayConfig.declarations

    public let door: Router?
    let streams: LiveStreams
    /// Ends streams of ended log-in sessions.
    public let background: [BackgroundWork]

    public init(_ context: ServiceContext) async throws {
        let config = try GatewayConfig(context.settings)
        let services = ServiceClient(context)
        let admit = AdmitRequest(
            tokens: VerifyToken(keys: KeySource(context, services)),
            limiter: config.rateLimits == .off ? nil : RateLimiter(), now: context.clock,
            uptime: context.uptime)
        let forward = ForwardRequest(context, timeout: config.upstreamTimeout)
        let description = try await DescriptionPages.make(config.openAPIFolder, pool: context.blockingPool)
        let streams = LiveStreams(context, limits: config.live), sessions = EndedSessions(services)
        self.streams = streams
        background = [
            BackgroundWork("end streams of ended sessions") {
                try await sessions.endStreams(
                    of: streams, every: config.live.sessionsCheckPause, on: context.loops.next())
            }
        ]
        let routes = GatewayRoutes(
            admit: admit, forward: forward, streams: streams, sessions: sessions, crossOrigin: config.crossOrigin,
            startPage: StartPage(context, services, hasDescription: description != nil), description: description)
        door = routes.router(logger: context.logger, metrics: context.metrics, access: context.access)
    }

    public var tail: Tail? { Handlers(streams: streams).tail }

    public var healthChecks: [HealthCheck] {
        [
            HealthCheck("live updates", isVital: false) { [streams] in
                if !streams.isFollowing { throw Problem.unavailable }
            }
        ]
    }

    public func endStreams() { streams.close() }
}
