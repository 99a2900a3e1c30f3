import Avro
import Contracts
import Foundation
import HTTP
import HubTesting
import Observability
import Testing

@testable import Gateway
@testable import Platform
@testable import learning_hub

/// The files of `openapi/`, put together, against the program, both ways.
@Suite struct APIDescriptionTests {
    @Test func `every public route is described, and nothing else is`() async throws {
        let described = Set(try Description.checkedOut().calls)
        let real = try await TestDatabase.with { test in
            try await publicCalls(
                Settings(commandLine: [
                    PlatformSettings.databaseURL.name: test.url,
                    PlatformSettings.identitySecret.name: "a secret of this test alone",
                ]))
        }
        #expect(real.subtracting(described).sorted() == [], "not described")
        #expect(described.subtracting(real).sorted() == [], "described, but not there")
    }

    @Test func `every path the gateway passes on leads to a described call`() throws {
        let paths = try Description.checkedOut().calls.map { $0.drop { $0 != "/" } }
        for row in PublicPaths.table {
            let isServed = paths.contains { path in
                row.fits(path.utf8.split(separator: UInt8(ascii: "/")))
            }
            #expect(isServed, "\(row.pattern) leads nowhere")
        }
    }

    @Test func `what the description refers to is in it`() throws {
        let description = try Description.checkedOut()
        #expect(description.references.count > 20)
        #expect(description.references.subtracting(description.components).sorted() == [])
        #expect(description.components.subtracting(description.references).sorted() == [], "referred to by nothing")
    }

    @Test func `each call has an id of its own and says what it does`() throws {
        let description = try Description.checkedOut()
        #expect(Set(description.values(of: "operationId")).count == description.calls.count)
        #expect(description.values(of: "operationId").count == description.calls.count)
        #expect(description.summaries == description.calls.count)
    }

    @Test func `each call lists every answer that what it takes can bring`() throws {
        let reference = APIReference(try Description.document().tree)
        for operation in reference.operations {
            let node = operation.node, parameters = (node["parameters"]?.items ?? []).map(reference.resolved)
            let names = Set(parameters.compactMap { $0["name"]?.text })
            var statuses: Set<String> = []
            if parameters.contains(where: { $0["in"] == .string("query") }) { statuses.insert("400") }
            if operation.path.contains("{") { statuses.formUnion(["400", "404"]) }
            if operation.roles != nil { statuses.insert("401") }
            if operation.roles?.isEmpty == false { statuses.insert("403") }
            if names.contains("If-Match") { statuses.insert("412") }
            if !names.isDisjoint(with: ["limit", "cursor"]) { statuses.insert("422") }
            // What Stripe sends is looked at as it comes.
            if let body = node["requestBody"], operation.id != "stripeWebhook",
                reference.resolved(body)["content"]?["application/json"] != nil
            {
                statuses.formUnion(["400", "415", "422"])
            }
            let listed = node.members("responses").map(\.name)
            #expect(statuses.subtracting(listed).sorted() == [], "\(operation.method) \(operation.path)")
        }
    }

    /// What can be reached from outside, as `GET /users/{id}`.
    private func publicCalls(_ settings: Settings) async throws -> Set<String> {
        let parts = try await HubParts.open(settings, sink: LogRecorder())
        var calls: Set<String> = []
        for type in HubServices.all { calls.formUnion(try await publicCalls(of: type, parts)) }
        await parts.close()
        return calls
    }

    private func publicCalls<Service: HubService>(of type: Service.Type, _ parts: HubParts) async throws -> [String] {
        let wired = try await parts.wire(type)
        let routes = RunningService.router(of: wired.service, wired.context).routes
        await wired.close()
        return try routes.filter { route in
            // The gateway's own, without what it passes on; of a service what the gateway passes on to it.
            if type.name == .gateway { return !route.pattern.hasSuffix("...}") }
            let path = route.pattern.replacing(/\{[^}]*\}/, with: "x")
            return try PublicPaths.row(for: route.method, path[...])?.service == type.name
        }.map { "\($0.method.rawValue) \($0.pattern)" }
    }
}

/// As much of the description as these tests ask for.
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
