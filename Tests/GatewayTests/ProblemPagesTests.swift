import Avro
import Documents
import EventLoop
import HTTP
import HubTesting
import Testing

@testable import Gateway

@Suite struct ProblemPagesTests {
    private static let description = """
        {"paths": {"/courses": {"post": {"operationId": "createCourse", "responses": {
          "409": {"$ref": "#/components/responses/Taken"}}}}},
         "components": {
          "responses": {"Taken": {"description": "`email-taken`: log in."}},
          "schemas": {"Problem": {"properties": {"code": {"oneOf": [
            {"const": "email-taken", "description": "Another account has <it>. Log in with `POST /auth/login`."},
            {"const": "unavailable", "description": "Busy. Wait."}]}}}}}}
        """

    private func pages() async throws -> ProblemPages {
        let pool = try BlockingPool(name: "pages", threadCount: 1, queueCountMax: 8)
        defer { pool.shutdown() }
        return try await ProblemPages(
            APIReference(try JSONTree(parsing: Self.description)), MarkdownRenderer(pool: pool))
    }

    private func text(_ response: HTTPResponse) async throws -> String {
        String(decoding: try await response.body.collect(bytesMax: 1 << 20), as: UTF8.self)
    }

    @Test func `each code has a page with its meaning and the calls that return it`() async throws {
        let pages = try await pages()
        let taken = try await text(try pages.one("email-taken"))
        #expect(taken.contains("<h1><code>email-taken</code></h1>"))
        #expect(taken.contains("Log in with <code>POST /auth/login</code>.") && !taken.contains("<it>"))
        #expect(taken.contains("<a href=\"/docs#createCourse\"><code>POST /courses</code></a>"))
        #expect(try await text(try pages.one("unavailable")).contains("Any call can return this code."))
        #expect(throws: Problem.self) { try pages.one("email-taken ") }
    }

    @Test func `the list leads to every page`() async throws {
        let list = try await text(try await pages().all)
        #expect(
            list.matches(of: /href="(\/problems\/[^"]+)"/).map { String($0.output.1) }
                == ["/problems/email-taken", "/problems/unavailable"])
    }
}
