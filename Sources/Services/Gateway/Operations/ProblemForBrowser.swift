internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Shows a problem as a page to a person who opens an address in a browser. Programs and scripts get the problem document.
enum ProblemForBrowser {
    private static let bytesMax = 64 * 1024

    private struct Document: Decodable {
        let title, code: String
        let detail: String?
    }

    static func shown(_ request: HTTPRequest, _ next: HTTPHandler) async -> HTTPResponse {
        var response = await next(request)
        // Only browsers prefer HTML, and only for a page that a person opens.
        guard request.method == .get, request.fields["accept"]?.hasPrefix("text/html") == true,
            response.fields["content-type"]?.hasPrefix("application/problem+json") == true
        else { return response }
        guard let bytes = try? await response.body.collect(bytesMax: bytesMax) else {
            return GatewayError.upstreamFailed.problem.response()
        }
        guard let problem = try? JSONDecoder().decode(Document.self, from: Data(bytes)) else {
            response.body = .bytes(bytes)
            return response
        }
        let page = HubPage.response(
            title: "\(problem.title) – Learning Hub",
            main: """
                <h1>\(HubPage.escape(problem.title))</h1>
                <p>\(HubPage.escape(problem.detail ?? ""))</p>
                <p>Code: <a href="/problems/\(PercentEncoding.encode(problem.code))"><code>\(HubPage.escape(problem.code))</code></a></p>
                <p><a href="/">Start page</a> · <a href="/docs">The API</a></p>
                """)
        response.body = page.body
        for name in ["content-type", "content-security-policy"] { response.fields[name] = page.fields[name] }
        response.fields["content-length"] = nil
        return response
    }
}
