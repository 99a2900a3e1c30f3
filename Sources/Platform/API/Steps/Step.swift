public import HTTP

/// A step around a route. It may refuse the request, inspects request and response, and calls `next`, the inner step, at most
/// once.
///
/// Steps run inside the boundary that converts errors to problems (``Answering``). Code that must see every response, refusals included,
/// runs outside it as an `HTTPMiddleware`: ``Around``.
public typealias Step = @Sendable (_ request: Request, _ next: Routes.Handler) async throws -> Response

extension Array<Step> {
    /// Wraps a handler in the steps; the first is outermost.
    public func around(_ handler: @escaping Routes.Handler) -> Routes.Handler {
        reversed().reduce(handler) { next, step in { request in try await step(request, next) } }
    }
}

/// Converts thrown errors to responses.
public struct Answering: Sendable {
    /// Receives an error and the problem sent for it.
    public typealias Witness = @Sendable (any Error, Problem, HTTPRequest) -> Void

    private let witness: Witness

    public init(_ witness: @escaping Witness) { self.witness = witness }

    /// - Parameter handler: receives the request with the anonymous identity.
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
