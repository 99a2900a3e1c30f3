@testable import Gateway
import HTTP
import Platform
import Testing

/// Responses to calls from pages of other origins.
@Suite struct CrossOriginTests {
    private static let app = "https://app.example.org"
    private static let preflight: HTTPFields = [
        "origin": app, "access-control-request-method": "PUT", "access-control-request-headers": "authorization",
    ]

    private static func with(
        origins: String?, credentials: Bool = false, limits: String = "off",
        _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        var settings = ["HUB_CORS_CREDENTIALS": "\(credentials)", "HUB_RATE_LIMITS": limits]
        settings["HUB_CORS_ORIGINS"] = origins
        try await TestGateway.with(
            settings: settings,
            services: { router in
                router.add(.get, "/courses") { _ in HTTPResponse(.ok, fields: ["vary": "Accept", "etag": "\"1\""]) }
            }, body)
    }

    private static func permissions(_ response: HTTPResponse) -> [String] {
        response.fields.map(\.0).filter { $0.hasPrefix("access-control-") }.sorted()
    }

    @Test func `without the setting no origin is allowed, and the service answers OPTIONS`() async throws {
        try await Self.with(origins: nil) { gateway in
            let preflight = await gateway.send(.options, "/courses", fields: Self.preflight)
            #expect(Self.permissions(preflight) == [] && preflight.fields["allow"] == "GET, HEAD, OPTIONS")
            let answer = await gateway.send(.get, "/courses", fields: ["origin": Self.app])
            #expect(Self.permissions(answer) == [] && answer.fields["vary"] == "Accept")
        }
    }

    @Test func `an allowed origin gets its permissions, and can read responses and their fields`() async throws {
        try await Self.with(origins: "https://other.example.org, HTTPS://App.example.org:443") { gateway in
            let preflight = await gateway.send(.options, "/courses", fields: Self.preflight)
            #expect(preflight.status == .noContent)
            #expect(preflight.fields["access-control-allow-origin"] == Self.app)
            #expect(preflight.fields["access-control-allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE")
            let sendable = preflight.fields["access-control-allow-headers"] ?? ""
            for name in ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID"] {
                #expect(sendable.contains(name))
            }
            #expect(preflight.fields["access-control-max-age"] == "600")
            #expect(preflight.fields["access-control-allow-credentials"] == nil)
            let answer = await gateway.send(.get, "/courses", fields: ["origin": Self.app])
            #expect(answer.fields["access-control-allow-origin"] == Self.app)
            let readable = answer.fields["access-control-expose-headers"] ?? ""
            for name in ["X-Correlation-Id", "ETag", "Link", "Location", "Retry-After", "RateLimit"] {
                #expect(readable.contains(name))
            }
            #expect(answer.fields.values(of: "vary") == ["Accept", "Origin"])
        }
    }

    @Test(arguments: [
        "http://app.example.org", "https://app.example.org:8443", "https://app.example.org.evil.example", "null",
        "https://evil.example",
    ])
    func `another origin gets no permissions`(origin: String) async throws {
        try await Self.with(origins: Self.app, credentials: true) { gateway in
            var fields = Self.preflight
            fields["origin"] = origin
            for (method, fields) in [(HTTPMethod.options, fields), (.get, ["origin": origin])] {
                let answer = await gateway.send(method, "/courses", fields: fields)
                #expect(Self.permissions(answer) == [] && answer.fields.values(of: "vary").contains("Origin"))
            }
        }
    }

    @Test func `credentials are allowed only by setting, and never for all origins`() async throws {
        try await Self.with(origins: Self.app, credentials: true) { gateway in
            for (method, fields) in [(HTTPMethod.options, Self.preflight), (.get, ["origin": Self.app])] {
                let answer = await gateway.send(method, "/courses", fields: fields)
                #expect(answer.fields["access-control-allow-credentials"] == "true")
            }
        }
        #expect(throws: SettingsError.self) {
            try GatewayConfig(Settings(environment: ["HUB_CORS_ORIGINS": "*", "HUB_CORS_CREDENTIALS": "true"]))
        }
    }

    @Test func `with all origins allowed, the response does not depend on the origin`() async throws {
        try await Self.with(origins: "*") { gateway in
            let answer = await gateway.send(.get, "/courses", fields: ["origin": "https://anywhere.example"])
            #expect(answer.fields["access-control-allow-origin"] == "*" && answer.fields["vary"] == "Accept")
        }
    }

    @Test func `a page can read problems of the gateway, its limits and its server`() async throws {
        try await Self.with(origins: Self.app, limits: "default") { gateway in
            let missing = await gateway.send(.get, "/nowhere", fields: ["origin": Self.app])
            #expect(missing.status == .notFound && missing.fields["access-control-allow-origin"] == Self.app)
            var last = missing
            for _ in 0..<121 { last = await gateway.send(.post, "/auth/register", fields: ["origin": Self.app]) }
            #expect(last.status == .tooManyRequests && last.fields["access-control-allow-origin"] == Self.app)
            var tooLarge = HTTPResponse(.contentTooLarge)
            CrossOrigin(allowed: try #require(AllowedOrigins(settingText: Self.app)), withCredentials: false)
                .mark(&tooLarge, ["origin": Self.app])
            #expect(tooLarge.fields["access-control-allow-origin"] == Self.app)
        }
    }

    @Test(arguments: [
        "app.example.org", "https://app.example.org/", "https://*.example.org", "https://user@app.example.org",
        "ftp://app.example.org", "https://a.example.org,", "https://a.example.org https://b.example.org", "null",
    ])
    func `an invalid origin is refused at start`(text: String) {
        #expect(throws: SettingsError.self) { try GatewayConfig(Settings(environment: ["HUB_CORS_ORIGINS": text])) }
    }
}
