import Avro
import Contracts
import Documents
import EventLoop
import Foundation
import HTTP
import HubTesting
import Observability
import Testing

@testable import Gateway
@testable import Messaging
@testable import Notification
@testable import Platform
@testable import learning_hub

/// The files of `openapi/`, put together, against the program, both ways.
@Suite struct APIDescriptionTests {
    @Test func `every public route is described, and nothing else is`() async throws {
        let described = Set(try Description.checkedOut().calls)
        let real = Set(try await publicCalls { "\($0.method) \($0.pattern)" })
        #expect(real.subtracting(described).sorted() == [], "not described")
        #expect(
            described.subtracting(real).sorted() == [],
            "described, but no route has it, or no row of PublicPaths.swift covers it")
    }

    @Test func `each call accepts exactly the described query parameters`() async throws {
        let reference = APIReference(try Description.document().tree)
        let described = reference.operations.map { operation in
            let parameters = (operation.node["parameters"]?.items ?? []).map(reference.resolved)
            let names = parameters.filter { $0["in"]?.text == "query" }.compactMap { $0["name"]?.text }
            return "\(operation.method) \(operation.path)?\(names.sorted().joined(separator: "&"))"
        }
        let real = try await publicCalls { call in
            let answer = await call.answer(toQuery: "no-such-parameter")
            guard let answer, answer.contains("is not a parameter") else {
                return "\(call.method) \(call.pattern) takes any parameter"
            }
            let names = answer.firstMatch(of: /its parameters are ([^"]+)"/)?.output.1.split(separator: ", ") ?? []
            return "\(call.method) \(call.pattern)?\(names.sorted().joined(separator: "&"))"
        }
        // Health checks need no identity.
        let probes = ["GET /health/live", "GET /health/ready"]
        let known = Set(described).subtracting(probes.map { "\($0)?" })
        let expected = known.union(probes.map { "\($0) takes any parameter" })
        #expect(Set(real).subtracting(expected).sorted() == [], "the program's, and described otherwise")
        #expect(expected.subtracting(real).sorted() == [], "described, and otherwise in the program")
    }

    /// The declared roles of a route, without the later checks of its operation.
    @Test func `each call checks the described roles before anything else`() async throws {
        let reference = APIReference(try Description.document().tree)
        let described = reference.operations.map { operation in
            let roles = operation.roles.map { $0.isEmpty ? Role.allCases.map(\.rawValue) : $0 }
            return "\(operation.method) \(operation.path): \(roles?.sorted().joined(separator: ", ") ?? "anybody")"
        }
        let real = try await publicCalls { call in
            if await call.lets(in: .anonymous) { return "\(call.method) \(call.pattern): anybody" }
            var roles: [String] = []
            for role in Role.allCases where await call.lets(in: .user(.make(at: .now), role: role, session: "s")) {
                roles.append(role.rawValue)
            }
            return "\(call.method) \(call.pattern): \(roles.sorted().joined(separator: ", "))"
        }
        // The gateway's own call, which looks at the token itself.
        let stream = Set(
            described.filter { $0.hasPrefix("GET /events: ") } + real.filter { $0.hasPrefix("GET /events: ") })
        let inProgram = Set(real).subtracting(stream), inDescription = Set(described).subtracting(stream)
        #expect(inProgram.subtracting(inDescription).sorted() == [], "the program's, and described otherwise")
        #expect(inDescription.subtracting(inProgram).sorted() == [], "described, and otherwise in the program")
        #expect(real.count { $0.hasSuffix("INSTRUCTOR") } > 10)
    }

    @Test func `exactly the described kinds of notifications exist`() throws {
        let schema = try Description.document().tree["components"]?["schemas"]?["Notification"]?["properties"]?["type"]
        let kinds = (schema?["enum"]?.items ?? []).compactMap(\.text)
        #expect(kinds.sorted() == NoticeKind.allCases.map(\.rawValue).sorted())
    }

    @Test func `exactly the described kinds of live updates exist`() async throws {
        let reference = APIReference(try Description.document().tree)
        let text = try #require(reference.operations.first { $0.id == "events" }?.node["description"]?.text)
        let cells = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap {
            $0.split(separator: "|").first
        }
        let described = cells.dropFirst().flatMap { $0.matches(of: /`([^`]+)`/).map { String($0.output.1) } }
        let topics = try await TestDatabase.with { test in
            let parts = try await HubParts.open(
                Settings(commandLine: [
                    PlatformSettings.databaseURL.name: test.url,
                    PlatformSettings.identitySecret.name: "a secret of this test alone",
                ]), sink: LogRecorder())
            let wired = try await parts.wire(GatewayService.self)
            let topics = wired.service.tail?.handlers.map(\.topic) ?? []
            await wired.close()
            await parts.close()
            return topics
        }
        // The erasure of a person ends the person's streams.
        let kinds = topics.filter { $0 != UserDeleted.topic.name }.map {
            $0.hasPrefix("notification.") ? "notification" : $0
        }
        #expect(Set(described) == Set(kinds + ["ready", "resync"]))
    }

    @Test func `exactly the described problem codes have a page`() async throws {
        let reference = APIReference(try Description.document().tree)
        let pool = try BlockingPool(name: "pages", threadCount: 1, queueCountMax: 8)
        defer { pool.shutdown() }
        let pages = try await ProblemPages(reference, MarkdownRenderer(pool: pool))
        let list = String(decoding: try await pages.all.body.collect(bytesMax: 1 << 20), as: UTF8.self)
        let codes = try Description.checkedOut().codes
        #expect(list.matches(of: /href="\/problems\/([^"]+)"/).map { String($0.output.1) } == codes)
        #expect(codes.count > 60)
        for code in codes { #expect(try pages.one(code).status == .ok) }
    }

    @Test func `every path that the gateway forwards belongs to a described call`() throws {
        let paths = try Description.checkedOut().calls.map { $0.drop { $0 != "/" } }
        for row in PublicPaths.table {
            let isServed = paths.contains { path in
                row.fits(path.utf8.split(separator: UInt8(ascii: "/")))
            }
            #expect(isServed, "\(row.pattern) leads nowhere")
        }
    }

    @Test func `every reference in the description resolves`() throws {
        let description = try Description.checkedOut()
        #expect(description.references.count > 20)
        #expect(description.references.subtracting(description.components).sorted() == [])
        #expect(description.components.subtracting(description.references).sorted() == [], "referred to by nothing")
    }

    @Test func `each call has a unique id and a summary`() throws {
        let description = try Description.checkedOut()
        #expect(Set(description.values(of: "operationId")).count == description.calls.count)
        #expect(description.values(of: "operationId").count == description.calls.count)
        #expect(description.summaries == description.calls.count)
    }

    @Test func `each call lists every response that its inputs can cause`() throws {
        let reference = APIReference(try Description.document().tree)
        for operation in reference.operations {
            let node = operation.node, parameters = (node["parameters"]?.items ?? []).map(reference.resolved)
            let names = Set(parameters.compactMap { $0["name"]?.text })
            var statuses: Set<String> = []
            if parameters.contains(where: { $0["in"] == .string("query") }) { statuses.formUnion(["400", "422"]) }
            if operation.path.contains("{") { statuses.formUnion(["400", "404"]) }
            if operation.roles != nil { statuses.insert("401") }
            if operation.roles?.isEmpty == false { statuses.insert("403") }
            if names.contains("If-Match") { statuses.insert("412") }
            // A webhook is verified by its signature.
            if let body = node["requestBody"], operation.id != "stripeWebhook",
                reference.resolved(body)["content"]?["application/json"] != nil
            {
                statuses.formUnion(["400", "415", "422"])
            }
            let listed = node.members("responses").map(\.name)
            #expect(statuses.subtracting(listed).sorted() == [], "\(operation.method) \(operation.path)")
        }
    }

    /// Checks each route that can be reached from outside.
    private func publicCalls(_ body: @escaping @Sendable (PublicCall) async throws -> String) async throws -> [String] {
        try await TestDatabase.with { test in
            let parts = try await HubParts.open(
                Settings(commandLine: [
                    PlatformSettings.databaseURL.name: test.url,
                    PlatformSettings.identitySecret.name: "a secret of this test alone",
                ]), sink: LogRecorder())
            var said: [String] = []
            for type in HubServices.all { said += try await publicCalls(of: type, parts, body) }
            await parts.close()
            return said
        }
    }

    private func publicCalls<Service: HubService>(
        of type: Service.Type, _ parts: HubParts, _ body: @Sendable (PublicCall) async throws -> String
    ) async throws -> [String] {
        let wired = try await parts.wire(type)
        let health = RunningService.health(of: wired.service, Service.self, wired.context)
        let router = RunningService.router(of: wired.service, wired.context, health)
        var said: [String] = []
        for (method, pattern) in router.routes {
            let call = PublicCall(method: method, pattern: pattern, router: router, seal: wired.context.seal)
            // The gateway's own routes, and those routes of a service that the gateway forwards.
            let isPublic =
                type.name == .gateway
                ? !pattern.hasSuffix("...}") : try PublicPaths.row(for: method, call.path[...])?.service == type.name
            if isPublic { said.append(try await body(call)) }
        }
        await wired.close()
        return said
    }
}

/// A route that can be reached from outside.
private struct PublicCall {
    let method: HTTPMethod
    let pattern: String
    let router: Router
    let seal: IdentitySeal

    /// One that fits the pattern.
    var path: String { pattern.replacing(/\{[^}]*\}/, with: "x") }

    /// The body of the response for a permitted caller with a query.
    func answer(toQuery query: String) async -> String? {
        for role in [Role.admin, .instructor, .student] {
            let response = await answer(.user(.make(at: .now), role: role, session: "s"), query: query)
            if response.status == .forbidden { continue }
            return (try? await response.body.collect(bytesMax: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }

    /// Whether the route checks the query, which is invalid, after the access check.
    func lets(in identity: Identity) async -> Bool {
        let status = await answer(identity, query: "no-such-parameter").status
        return status != .unauthorized && status != .forbidden
    }

    private func answer(_ identity: Identity, query: String) async -> HTTPResponse {
        let target = "\(path)?\(query)"
        let header = seal.header(for: identity, method: method.rawValue, target: target, body: [])
        return await router.respond(to: HTTPRequest(method, target, fields: [IdentitySeal.fieldName: header]))
    }
}

/// The part of the description that these tests use.
struct Description {
    let lines: [Substring]

    static func checkedOut() throws -> Description {
        Description(lines: String(decoding: try document().yaml, as: UTF8.self).split(separator: "\n"))
    }

    static func document() throws -> APIDescription {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try APIDescription(from: root.appending(path: "openapi"))
    }

    /// As `GET /users/{id}`.
    var calls: [String] {
        var path = ""
        return section("paths").compactMap { line in
            if let found = line.wholeMatch(of: /\s\s(\/\S*):/) { path = String(found.output.1) }
            return line.wholeMatch(of: /\s{4}(get|post|put|patch|delete):/).map {
                "\($0.output.1.uppercased()) \(path)"
            }
        }
    }

    /// As `schemas/Problem`.
    var references: Set<String> {
        Set(lines.compactMap { $0.firstMatch(of: /\$ref: '#\/components\/([^']+)'/).map { String($0.output.1) } })
    }

    var components: Set<String> {
        var kind = ""
        let names = section("components").compactMap { line -> String? in
            if let found = line.wholeMatch(of: /\s\s(\w+):/) { kind = String(found.output.1) }
            return line.wholeMatch(of: /\s{4}(\w+):/).map { "\(kind)/\($0.output.1)" }
        }
        return Set(names.filter { !$0.hasPrefix("securitySchemes/") })
    }

    /// Of problems.
    var codes: [String] {
        section("components").compactMap { $0.wholeMatch(of: /\s{12}- const: ([a-z-]+)/).map { String($0.output.1) } }
    }

    /// One a call, at the level of calls.
    var summaries: Int { section("paths").filter { $0.hasPrefix("      summary: ") }.count }

    func values(of key: String) -> [String] {
        lines.filter { $0.drop { $0 == " " }.hasPrefix("\(key): ") }.map { String($0.split(separator: ": ")[1]) }
    }

    /// The lines below a key of the top level.
    private func section(_ name: String) -> [Substring] {
        Array(lines.drop { $0 != "\(name):" }.dropFirst().prefix { $0.hasPrefix(" ") })
    }
}
