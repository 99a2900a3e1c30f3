internal import Documents
internal import HTTP
internal import Platform

/// The pages that a problem's `type` links to: its meaning and remedy, from the API description.
struct ProblemPages: Sendable {
    /// A list of them.
    let all: HTTPResponse
    private let pages: [String: HTTPResponse]

    init(_ reference: APIReference, _ markdown: MarkdownRenderer) async throws {
        var list = "", pages: [String: HTTPResponse] = [:]
        let operations = reference.operationsByCode
        for problem in reference.problems {
            let meaning = try await markdown.html(of: problem.meaning)
            list += """
                <dt><a href="/problems/\(problem.code)"><code>\(problem.code)</code></a></dt>
                <dd>\(meaning)</dd>

                """
            pages[problem.code] = HubPage.response(
                title: "\(problem.code) – Learning Hub",
                main: """
                    <h1><code>\(problem.code)</code></h1>
                    \(meaning)
                    \(Self.calls(operations[problem.code] ?? []))
                    <p><a href="/problems">All codes</a> · <a href="/docs">The API</a></p>
                    """)
        }
        self.pages = pages
        all = HubPage.response(
            title: "Problem codes – Learning Hub",
            main: """
                <h1>Problem codes</h1>
                <p>A failed request gets a problem document (RFC 9457) as its response. Its <code>code</code> is one of these.</p>
                <dl>
                \(list)</dl>
                """)
    }

    /// - Throws: 404 for unknown codes.
    func one(_ code: String) throws(Problem) -> HTTPResponse {
        guard let page = pages[code] else { throw .notFound }
        return page
    }

    private static func calls(_ operations: [APIOperation]) -> String {
        if operations.isEmpty { return "<p>Any call can return this code.</p>" }
        let items = operations.map { operation in
            "<li><a href=\"/docs#\(operation.id)\"><code>\(operation.method) \(operation.path)</code></a></li>\n"
        }
        return "<h2>Calls that return this code</h2>\n<ul>\n\(items.joined())</ul>"
    }
}
