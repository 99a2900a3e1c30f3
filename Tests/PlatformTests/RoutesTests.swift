import Contracts
import EventLoop
import Foundation
import HTTP
import HubTesting
import Observability
@testable import Platform
import Synchronization
import Testing

@Suite struct RoutesTests {
    private struct GreetBody: RequestBody {
        let name: String
        let times: Int
        init(_ fields: inout BodyFields) {
            name = fields.string("name", length: 1...20)
            times = fields.optionalInt("times", in: 1...9) ?? 1
        }
    }
    private struct Greeting: Encodable { let text: String }

    private let seal: IdentitySeal
    private let router: Router
    private let log = LogRecorder()
    private let metrics = Metrics()

    init() throws {
        seal = try IdentitySeal(secret: IdentitySecret("a secret of enough bytes")) { 0 }
        var routes = Routes(
            seal: seal, logger: Logger(label: "test", sink: log), metrics: metrics)
        routes.post("/greetings", .anyone) { request in
            let body = try await request.body(as: GreetBody.self)
            return try .ok(Greeting(text: String(repeating: "Hello \(body.name) ", count: body.times)))
        }
        routes.get("/mine", .user) { _ in .noContent }
        routes.get("/admins", .admin) { _ in .noContent }
        routes.get("/internal", .service(.auth)) { _ in .noContent }
        routes.get("/list", .anyone, query: .page(and: "q")) { request in
            let page = try request.page(by: EndlessCursor.self)
            return try .page(
                Page(Array(1...page.soughtCount), of: page) { _ in EndlessCursor(rawValue: "b&c>") }, of: request)
        }
        routes.get("/broken", .anyone) { _ in throw CocoaError(.fileNoSuchFile) }
        routes.get("/slow", .anyone) { _ in
            await Gate().wait()
            throw CancellationError()
        }
        router = routes.router
    }

    private func send(
        _ method: HTTPMethod, _ target: String, as identity: Identity? = .anonymous, json: String? = nil,
        sealedFor sealedBody: String? = nil
    ) async throws -> (status: Int, body: String) {
        var fields = HTTPFields()
        if let identity {
            fields[IdentitySeal.fieldName] = seal.header(
                for: identity, method: method.rawValue, target: target, body: Array((sealedBody ?? json ?? "").utf8))
        }
        if json != nil { fields["content-type"] = "application/json; charset=utf-8" }
        let request = HTTPRequest(method, target, fields: fields, body: json.map { .text($0) } ?? .empty)
        let response = await router.respond(to: request)
        return (
            response.status.code, String(decoding: try await response.body.collect(bytesMax: 1 << 20), as: UTF8.self)
        )
    }

    private func user(_ role: Role) -> Identity {
        .user(.make(at: Date(timeIntervalSince1970: 1)), role: role, session: "s")
    }

    @Test func `a valid body is accepted`() async throws {
        let answer = try await send(.post, "/greetings", json: #"{"name": " Ada ", "times": 2}"#)
        #expect(answer.status == 200)
        #expect(answer.body == #"{"text":"Hello Ada Hello Ada "}"#)
    }

    @Test func `a seal of another secret is refused and logged, a request without a seal only refused`() async throws {
        let none = await router.respond(to: HTTPRequest(.get, "/mine"))
        #expect(none.status.code == 401 && log.lines.isEmpty)
        let other = try IdentitySeal(secret: IdentitySecret("another secret of length")) { 0 }
        for _ in 1...3 {
            var fields = HTTPFields()
            fields[IdentitySeal.fieldName] = other.header(for: user(.student), method: "GET", target: "/mine")
            #expect(await router.respond(to: HTTPRequest(.get, "/mine", fields: fields)).status.code == 401)
            #expect(try await send(.get, "/mine", as: user(.student)).status == 204)
        }
        let lines = log.lines.filter { $0.contains("another HUB_IDENTITY_SECRET") }
        #expect(lines.count == 1 && log.lines.count == 1, "\(log.lines)")
    }

    @Test func `all errors of a body are reported at once, including unknown fields`() async throws {
        let answer = try await send(.post, "/greetings", json: #"{"name": 7, "times": 10, "role": "ADMIN"}"#)
        #expect(answer.status == 422)
        for part in ["invalid-body", "name", "must be a string", "times", "from 1 to 9", "role", "is not a field"] {
            #expect(answer.body.contains(part))
        }
    }

    @Test(arguments: ["", "[]", "{", "null", #"{"name": "x"} trailing"#, "\u{0}"])
    func `a body that is not a JSON object is refused`(text: String) async throws {
        let answer = try await send(.post, "/greetings", json: text)
        #expect(answer.status == 400)
        #expect(answer.body.contains("malformed-json"))
    }

    @Test func `a query parameter that the route does not know is refused, and the known ones are named`() async throws
    {
        let answer = try await send(.get, "/list?colour=red&limit=5&Limit=5&c%6Flour=blue&%22=")
        #expect(answer.status == 422 && answer.body.contains("invalid-query"))
        let known = "is not a parameter of this request; its parameters are limit, cursor, q"
        let errors = ["colour", "Limit", #"\""#].map { #"{"field":"\#($0)","message":"\#(known)"}"# }
        #expect(answer.body.hasSuffix(#""errors":[\#(errors.joined(separator: ","))]}"#), "\(answer.body)")
        #expect(try await send(.get, "/list?limit=5&q=&").status == 200)
        let none = try await send(.post, "/greetings?now", json: #"{"name": "Ada"}"#)
        #expect(none.status == 422 && none.body.contains("is not a parameter of this request; it has none"))
    }

    @Test func `access is checked before the query`() async throws {
        #expect(try await send(.get, "/mine?colour=red").status == 401)
        #expect(try await send(.get, "/admins?colour=red", as: user(.student)).status == 403)
    }

    @Test func `the size of a response does not grow with the number of parameters`() async throws {
        let query = (0..<500).map { "p\($0)" }.joined(separator: "&")
        let answer = try await send(.get, "/list?\(query)")
        #expect(answer.status == 422 && answer.body.matches(of: /"field"/).count == 20)
    }

    @Test func `deep nesting is refused and crashes nothing`() async throws {
        let deep = String(repeating: #"{"a":"#, count: 10_000) + "1" + String(repeating: "}", count: 10_000)
        #expect(try await send(.post, "/greetings", json: deep).status == 400)
    }

    @Test(arguments: [
        #"{"name": "x", "name": "y"}"#, #"{"name": "x", "n\u0061me": "y"}"#, #"{"name": "x",}"#,
        "\u{feff}{\"name\": \"x\"}",
        #"{"name": "\ud800"}"#, #"{"name": "x", "times": 01}"#,
    ])
    func `ambiguous JSON is refused`(text: String) async throws {
        let answer = try await send(.post, "/greetings", json: text)
        #expect(answer.status == 400)
        #expect(answer.body.contains("malformed-json"))
    }

    @Test func `a body of many nested values is read in one go`() async throws {
        // 60 lists around 30,000 numbers. A reader that tries one type after another takes minutes for it, and the test its loop.
        let body = #"{"a":"# + String(repeating: "[", count: 60) + String(repeating: "1,", count: 30_000) + "1"
        let answer = try await send(.post, "/greetings", json: body + String(repeating: "]", count: 60) + "}")
        #expect(answer.status == 422)
        #expect(answer.body.contains("is not a field of this request"))
    }

    @Test func `a body without the content type JSON is refused`() async throws {
        #expect(try await send(.post, "/greetings").status == 415)
    }

    @Test func `a request that did not come through the gateway is refused`() async throws {
        #expect(try await send(.get, "/mine", as: nil).status == 401)
        #expect(try await send(.post, "/greetings", as: nil, json: #"{"name": "x"}"#).status == 401)
    }

    @Test func `each route enforces its declared access`() async throws {
        #expect(try await send(.get, "/mine").status == 401)
        #expect(try await send(.get, "/mine", as: user(.student)).status == 204)
        #expect(try await send(.get, "/admins").status == 401)
        #expect(try await send(.get, "/admins", as: user(.instructor)).status == 403)
        #expect(try await send(.get, "/admins", as: user(.admin)).status == 204)
        #expect(try await send(.get, "/internal", as: user(.admin)).status == 403)
        #expect(try await send(.get, "/internal").status == 403)
        #expect(try await send(.get, "/internal", as: .service(.auth)).status == 204)
        #expect(try await send(.get, "/mine", as: .service(.auth)).status == 403)
    }

    @Test func `the link to the next page keeps the query, and nothing in it can end the link`() async throws {
        let target = "/list?q=%3E%20x&cur%73or=old&q=>;\"\u{e9}&limit=1&cursor=older"
        let fields: HTTPFields = [
            IdentitySeal.fieldName: seal.header(for: .anonymous, method: "GET", target: target)
        ]
        let link = await router.respond(to: HTTPRequest(.get, target, fields: fields)).fields["link"]
        #expect(link == "</list?q=%3E%20x&q=%3E;%22%C3%A9&limit=1&cursor=b%26c%3E>; rel=\"next\"")
    }

    @Test(arguments: [#"{"name": "Eve"}"#, #"{"name": "Ada"} "#, #"{"name": "Ada""#, ""])
    func `a body that does not match its seal reaches no handler`(other: String) async throws {
        let sealed = #"{"name": "Ada"}"#
        #expect(try await send(.post, "/greetings", json: sealed, sealedFor: sealed).status == 200)
        let answer = try await send(.post, "/greetings", json: other, sealedFor: sealed)
        #expect(answer.status == 401 && answer.body.contains("no-identity"))
        // One that comes where none was sealed is no better.
        #expect(try await send(.post, "/greetings", json: sealed, sealedFor: "").status == 401)
    }

    @Test func `the body of an unsealed request is not read`() async throws {
        let isRead = Mutex(false)
        let body = HTTPBody.stream {
            isRead.withLock { $0 = true }
            return nil
        }
        let answer = await router.respond(to: HTTPRequest(.post, "/greetings", body: body))
        #expect(answer.status == .unauthorized)
        #expect(!isRead.withLock { $0 })
    }

    @Test func `a seal is checked against the complete body, and an incomplete one is refused`()
        async throws
    {
        let text = #"{"name": "Ada"}"#
        func post(_ pieces: [String], then end: HTTPBodyError? = nil) async -> Int {
            let rest = Mutex(pieces)
            let body = HTTPBody.stream {
                if let piece = rest.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return Array(piece.utf8) }
                if let end { throw end }
                return nil
            }
            let header = seal.header(for: .anonymous, method: "POST", target: "/greetings", body: Array(text.utf8))
            let fields: HTTPFields = [IdentitySeal.fieldName: header, "content-type": "application/json"]
            return await router.respond(to: HTTPRequest(.post, "/greetings", fields: fields, body: body)).status.code
        }
        #expect(await post([String(text.prefix(5)), String(text.dropFirst(5))]) == 200)
        #expect(await post([text, "x"]) == 401)
        #expect(await post([text], then: .timedOut) == 408)
        #expect(await post([text], then: .interrupted) == 499)
        #expect(await post(Array(repeating: String(repeating: " ", count: 65_536), count: 17)) == 413)
    }

    @Test func `details of an unexpected error stay in the process`() async throws {
        let answer = try await send(.get, "/broken")
        #expect(answer.status == 500)
        #expect(answer.body.contains("internal-error"))
        #expect(!answer.body.contains("Cocoa"))
    }

    @Test func `a client that disconnects is not a failure of the service`() async throws {
        let tests = self
        let request = TestLoops.shared.next().start("a client") { try await tests.send(.get, "/slow").status }
        request.cancel()
        _ = await request.result
        #expect(log.lines.isEmpty)
        let failures = metrics.prometheusText().split(separator: "\n").filter { $0.contains(#"status="5xx""#) }
        #expect(failures.allSatisfy { $0.hasSuffix(" 0") })
    }
}

/// Any text is a place in this list.
private struct EndlessCursor: RawRepresentable {
    let rawValue: String
}
