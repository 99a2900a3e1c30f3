public import HTTP

/// One thing that stands around a route and may refuse: looks at what comes in and at what goes out, and calls `next`, what it stands
/// around, once at most.
///
/// Steps stand within the boundary where errors become problems (``Answering``). What must see every answer, refusals among them, stands
/// outside of it, as an `HTTPMiddleware`: ``Around``.
public typealias Step = @Sendable (_ request: Request, _ next: Routes.Handler) async throws -> Response

extension Array<Step> {
    /// One handler of a handler and the steps around it, the first outermost.
    public func around(_ handler: @escaping Routes.Handler) -> Routes.Handler {
        reversed().reduce(handler) { next, step in { request in try await step(request, next) } }
    }
}

/// The boundary between what throws and what answers.
public struct Answering: Sendable {
    /// Told of an error and of what it was answered with.
    public typealias Witness = @Sendable (any Error, Problem, HTTPRequest) -> Void

    private let witness: Witness

    public init(_ witness: @escaping Witness) { self.witness = witness }

    /// - Parameter handler: is given the request with nobody known to have sent it.
    public func callAsFunction(_ handler: @escaping Routes.Handler) -> HTTPHandler {
        { [witness] http in
            do {
                return try await handler(Request(http, identity: .anonymous))
            } catch {
                let problem = Problem(answering: error)
                witness(error, problem, http)
                return problem.response()
            }
        }
    }
}
