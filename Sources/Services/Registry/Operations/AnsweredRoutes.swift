internal import HTTP
internal import Observability
internal import Platform

/// Routes whose responses and errors have the form of the API.
struct AnsweredRoutes {
    /// The content types, preferred one first.
    private static let mediaTypes = [
        "application/vnd.schemaregistry.v1+json", "application/vnd.schemaregistry+json", "application/json",
    ]
    private static let bodyTypes = mediaTypes + ["application/octet-stream"]

    let access: WriteAccess
    let logger: Logger
    let metrics: Metrics
    private(set) var router = Router()

    init(access: WriteAccess, logger: Logger, metrics: Metrics) {
        self.access = access
        self.logger = logger
        self.metrics = metrics
        router.wrap { request, next in Self.translated(await next(request)) }
        router.markRefusals { response, _ in response = Self.translated(response) }
    }

    mutating func read(
        _ method: HTTPMethod, _ pattern: String,
        _ handler: @escaping @Sendable (RegistryRequest) async throws -> any Encodable
    ) {
        add(method, pattern, handler)
    }

    mutating func write(
        _ method: HTTPMethod, _ pattern: String,
        _ handler: @escaping @Sendable (RegistryRequest) async throws -> any Encodable
    ) {
        let access = access
        add(method, pattern) { request in
            try access.check(request.http.fields)
            return try await handler(request)
        }
    }

    private mutating func add(
        _ method: HTTPMethod, _ pattern: String,
        _ handler: @escaping @Sendable (RegistryRequest) async throws -> any Encodable
    ) {
        let (logger, meter) = (logger, RouteMeter(metrics, method: method, pattern: pattern))
        router.add(method, pattern, bodyBytesMax: RegistryRequest.bodyBytesMax) { request in
            await meter.measure {
                do {
                    return try await Self.answer(to: request, by: handler)
                } catch {
                    let refusal = RegistryError(answering: error)
                    if refusal.status >= 500 {
                        logger.error("request failed", [.route: .text(pattern), .error: LogValue(error)])
                    }
                    return refusal.response()
                }
            }
        }
    }

    private static func answer(
        to request: HTTPRequest, by handler: (RegistryRequest) async throws -> any Encodable
    ) async throws -> HTTPResponse {
        let type = try Self.answerType(of: request)
        try Self.checkBodyType(of: request)
        let view = try await handler(RegistryRequest(http: request))
        let body = (view as? SchemaText).map { Array($0.text.utf8) }
        return HTTPResponse(.ok, fields: ["content-type": type], body: .bytes(try body ?? HubJSON.encode(view)))
    }

    private static func answerType(of request: HTTPRequest) throws(RegistryError) -> String {
        let accepted = request.fields.values(of: "accept").flatMap { $0.split(separator: ",") }
            .map { $0.prefix { $0 != ";" }.lowercased().filter { $0 != " " } }
        if accepted.isEmpty || accepted.contains("*/*") || accepted.contains("application/*") { return mediaTypes[0] }
        guard let type = mediaTypes.first(where: { accepted.contains($0) }) else {
            throw RegistryError(406, "HTTP 406 Not Acceptable")
        }
        return type
    }

    private static func checkBodyType(of request: HTTPRequest) throws(RegistryError) {
        guard [.post, .put].contains(request.method) else { return }
        let type = request.fields["content-type"]?.prefix { $0 != ";" }.lowercased().filter { $0 != " " } ?? ""
        if !bodyTypes.contains(type) { throw RegistryError(415, "HTTP 415 Unsupported Media Type") }
    }

    /// Translates errors of the server and the router.
    private static func translated(_ response: HTTPResponse) -> HTTPResponse {
        guard response.fields["content-type"] == "application/problem+json" else { return response }
        let code = response.status.code
        var translated = RegistryError(code, "HTTP \(code) \(response.status.phrase)").response()
        for (name, value) in response.fields where name != "content-type" { translated.fields[name] = value }
        return translated
    }
}

/// A response whose body is the schema itself.
struct SchemaText: Encodable {
    let text: String
    init(_ text: String) { self.text = text }
}

extension RegistryError {
    func response() -> HTTPResponse {
        struct View: Encodable {
            let error_code: Int
            let message: String
        }
        let body = (try? HubJSON.encode(View(error_code: code, message: message))) ?? []
        var response = HTTPResponse(
            HTTPStatus(status), fields: ["content-type": "application/vnd.schemaregistry.v1+json"], body: .bytes(body))
        if code == 401 { response.fields["www-authenticate"] = "Basic realm=\"schema registry\"" }
        if code == 503 { response.fields["retry-after"] = "1" }
        return response
    }
}
