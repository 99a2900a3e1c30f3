internal import Documents
internal import EventLoop
internal import HTTP
internal import Platform

/// The API description in each format, made once.
struct DescriptionPages: Sendable {
    let yaml: HTTPResponse
    let json: HTTPResponse
    /// For people.
    let html: HTTPResponse
    let problems: ProblemPages

    /// - Parameter folder: as configured; nil to search above the program.
    /// - Returns: nil when that search finds none.
    static func make(_ folder: String?, pool: BlockingPool) async throws -> DescriptionPages? {
        guard let description = try await pool.run({ try APIDescription.read(folder) }) else { return nil }
        let (reference, markdown) = (APIReference(description.tree), MarkdownRenderer(pool: pool))
        let page = ReferencePage(reference, markdown)
        return DescriptionPages(
            yaml: HTTPResponse(.ok, fields: ["content-type": "application/yaml"], body: .bytes(description.yaml)),
            json: HTTPResponse(.ok, fields: ["content-type": "application/json"], body: .bytes(description.json)),
            html: HubPage.response(title: "Learning Hub: the API", main: try await page.html()),
            problems: try await ProblemPages(reference, markdown))
    }
}
