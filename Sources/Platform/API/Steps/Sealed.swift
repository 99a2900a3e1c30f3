internal import HTTP
internal import Observability

/// The steps of a route behind the gateway that check identity, access and the sealed body.
enum Sealed {
    /// Takes the identity from the seal of the gateway or a service.
    /// - Parameter invalid: told of each seal that is not valid; one of another process with another secret, for example.
    static func identified(by seal: IdentitySeal, invalid: OutageLog) -> Step {
        { request, next in
            let http = request.http
            guard let header = http.fields[IdentitySeal.fieldName] else { throw Problem.notFromTheGateway }
            // The GET route answers a HEAD request, but the seal names HEAD.
            guard let sealed = seal.open(header, method: http.method.rawValue, target: http.target) else {
                invalid.failed([.method: .text(http.method.rawValue)], of: "seal")
                throw Problem.notFromTheGateway
            }
            // Another key than that of the failures: valid requests end the outage only after an interval without invalid ones.
            invalid.succeeded()
            return try await next(Request(http, sealed))
        }
    }

    static func allowed(_ access: Access) -> Step {
        { request, next in
            try access.check(request.identity)
            return try await next(request)
        }
    }

    /// Reads the whole body and checks its seal.
    /// - Throws: 401 for an unsealed body, 413.
    static func withWholeBody(bytesMax: Int) -> Step {
        { request, next in
            var request = request
            let bytes = try await request.http.body.collect(bytesMax: bytesMax)
            guard request.sealed?.isFor(body: bytes) == true else { throw Problem.notFromTheGateway }
            request.http.body = .bytes(bytes)
            return try await next(request)
        }
    }

    /// Passes the body as a stream.
    /// - Throws: 401 for a body sealed as a whole, 411 for an unknown length, 413.
    static func withStream(bytesMax: Int) -> Step {
        { request, next in
            guard request.sealed?.isForStream == true else { throw Problem.notFromTheGateway }
            guard let length = request.http.body.length else { throw Problem.lengthRequired }
            if length > bytesMax { throw Problem.bodyTooLarge(bytesMax: bytesMax) }
            return try await next(request)
        }
    }

    /// Answers 304 if the client has the version.
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
