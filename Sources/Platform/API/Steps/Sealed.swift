internal import HTTP

/// The steps of a route behind the gateway: who has sent the request, whether they may, and what of its body is vouched for.
enum Sealed {
    /// The identity that the gateway, or a service, has sealed the request with.
    static func identified(by seal: IdentitySeal) -> Step {
        { request, next in
            let http = request.http
            // A HEAD request is answered by the route for GET, but was sealed as what it is.
            guard
                let sealed = seal.open(
                    http.fields[IdentitySeal.fieldName], method: http.method.rawValue, target: http.target)
            else { throw Problem.notFromTheGateway }
            return try await next(Request(http, sealed))
        }
    }

    static func allowed(_ access: Access) -> Step {
        { request, next in
            try access.check(request.identity)
            return try await next(request)
        }
    }

    /// The whole body, as it was sealed.
    /// - Throws: 401 for a body that nobody vouched for, 413.
    static func withWholeBody(bytesMax: Int) -> Step {
        { request, next in
            var request = request
            let bytes = try await request.http.body.collect(bytesMax: bytesMax)
            guard request.sealed?.isFor(body: bytes) == true else { throw Problem.notFromTheGateway }
            request.http.body = .bytes(bytes)
            return try await next(request)
        }
    }

    /// The body as it comes.
    /// - Throws: 401 for a body that was sealed as a whole, 411 for one of unknown length, 413.
    static func withStream(bytesMax: Int) -> Step {
        { request, next in
            guard request.sealed?.isForStream == true else { throw Problem.notFromTheGateway }
            guard let length = request.http.body.length else { throw Problem.lengthRequired }
            if length > bytesMax { throw Problem.bodyTooLarge(bytesMax: bytesMax) }
            return try await next(request)
        }
    }

    /// What the client has already is not sent again.
    static func unlessKnown(_ request: Request, _ next: Routes.Handler) async throws -> Response {
        try await next(request).unlessKnown(to: request.http)
    }
}

extension Access {
    func check(_ identity: Identity) throws(Problem) {
        switch (self, identity) {
        case (.anyone, _), (.user, .user): return
        case (.services(let names), .service(let name)):
            if !names.contains(name) { throw .notAllowed }
        case (.roles(let roles), .user(_, let role, _)):
            if !roles.contains(role) { throw .notAllowed }
        case (.user, .anonymous), (.roles, .anonymous): throw .notLoggedIn
        default: throw .notAllowed
        }
    }
}
