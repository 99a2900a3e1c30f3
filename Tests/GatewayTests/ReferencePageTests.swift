import Avro
import Documents
import EventLoop
import HubTesting
import Testing

@testable import Gateway

@Suite struct ReferencePageTests {
    private static let description = """
        {"info": {"description": "What `all` share."},
         "paths": {
          "/users/{id}": {"get": {"operationId": "publicProfile", "summary": "A <b> person",
            "security": [{"accessToken": []}],
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/UserID"}}],
            "responses": {"200": {"$ref": "#/components/responses/Profile"},
                          "404": {"description": "`not-found`: nobody."}}}},
          "/courses": {"post": {"operationId": "createCourse", "summary": "Draft",
            "security": [{"accessToken": ["INSTRUCTOR"]}, {"accessToken": ["ADMIN"]}],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["title"],
              "properties": {"title": {"type": "string", "maxLength": 200},
                "parts": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}}}}}}},
            "responses": {"201": {"description": "Made."}}}},
          "/": {"get": {"operationId": "startPage", "summary": "A page", "responses": {"200": {"description": "It."}}}}},
         "components": {
          "responses": {"Profile": {"description": "The profile.", "content": {"application/json": {
            "schema": {"type": "object", "properties": {"id": {"$ref": "#/components/schemas/UserID"}}}}}}},
          "schemas": {"UserID": {"type": "string", "pattern": "^usr_", "description": "Rises with time."}}}}
        """

    private func page() async throws -> String {
        let reference = APIReference(try JSONTree(parsing: Self.description))
        let pool = try BlockingPool(name: "pages", threadCount: 1, queueCountMax: 8)
        defer { pool.shutdown() }
        return try await ReferencePage(reference, MarkdownRenderer(pool: pool)).html()
    }

    @Test func `each call is listed under its service, with the roles that may make it`() async throws {
        let page = try await page()
        let headings = page.matches(of: /<h[23] id="([^"]+)"/).map { String($0.output.1) }
        #expect(
            headings == [
                "service-user", "publicProfile", "service-course", "createCourse", "service-gateway", "startPage",
                "shapes",
                "shape-UserID",
            ])
        let callers = page.matches(of: /Who may call: (.*)\./).map { String($0.output.1) }
        #expect(callers == ["every logged-in user", "<code>INSTRUCTOR</code> or <code>ADMIN</code>", "everyone"])
    }

    @Test func `parameters, bodies and responses are shown with their limits and references`() async throws {
        let page = try await page()
        #expect(page.contains("<td><code>id</code></td><td>path</td><td><a href=\"#shape-UserID\">UserID</a></td>"))
        #expect(page.contains("<td><code>title</code></td><td>string, at most 200 characters</td>"))
        #expect(page.contains("<td><code>parts[].text</code>, optional</td><td>string</td>"))
        #expect(page.contains("<td>404</td><td><p><code>not-found</code>: nobody.</p>"))
        #expect(page.contains("<h4>Body of 200</h4>") && page.contains("<p>string, pattern <code>^usr_</code></p>"))
    }

    @Test func `text of the description cannot become markup of the page`() async throws {
        let page = try await page()
        #expect(page.contains("A &lt;b&gt; person") && !page.contains("<b>") && !page.contains("<script"))
    }

    @Test func `every link within the page has a target`() async throws {
        let page = try await page()
        let targets = Set(page.matches(of: /href="#([^"]+)"/).map { String($0.output.1) })
        let ids = page.matches(of: /\sid="([^"]+)"/).map { String($0.output.1) }
        #expect(targets.subtracting(ids) == [] && Set(ids).count == ids.count)
    }
}
