import Foundation
@testable import Gateway
import HTTP
import HubTesting
import Testing

@Suite struct ProblemForBrowserTests {
    private static let browser: HTTPFields = ["accept": "text/html,application/xhtml+xml,*/*;q=0.8"]

    @Test func `a browser gets a problem as a page, a program as a document`() async throws {
        try await TestGateway.with { router in
            router.add(.get, "/courses/{id}") { _ in
                Problem(.notFound, "not-found", detail: "No <course>.", fields: ["retry-after": "7"]).response()
            }
        } _: { gateway in
            for target in ["/nope", "/courses/x"] {
                let page = await gateway.send(.get, target, fields: Self.browser)
                let text = String(decoding: try await page.body.collect(bytesMax: 1 << 16), as: UTF8.self)
                #expect(page.status == .notFound && page.fields["content-type"]?.hasPrefix("text/html") == true)
                #expect(text.contains("<h1>Not Found</h1>") && text.contains("href=\"/problems/"), "\(text)")
                #expect(!text.contains("<course>"))
                #expect(page.fields["retry-after"] == (target == "/nope" ? nil : "7"))
                for fields in [[:], ["accept": "*/*"], ["accept": "application/json, text/html"]] as [HTTPFields] {
                    let document = await gateway.send(.get, target, fields: fields)
                    #expect(document.fields["content-type"] == "application/problem+json")
                }
            }
            let post = await gateway.send(.post, "/nope", fields: Self.browser)
            #expect(post.fields["content-type"] == "application/problem+json")
        }
    }
}
