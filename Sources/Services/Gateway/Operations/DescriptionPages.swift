internal import Documents
internal import EventLoop
internal import HTTP

/// The description of the API in each of its forms, made once.
struct DescriptionPages: Sendable {
    let yaml: HTTPResponse
    let json: HTTPResponse
    /// For people.
    let html: HTTPResponse

    /// - Parameter folder: as configured; nil to look for it above the program.
    /// - Returns: nil when there is none where nobody said there was one.
    static func make(_ folder: String?, pool: BlockingPool) async throws -> DescriptionPages? {
        guard let description = try await pool.run({ try APIDescription.read(folder) }) else { return nil }
        let page = ReferencePage(APIReference(description.tree), MarkdownRenderer(pool: pool))
        return DescriptionPages(
            yaml: HTTPResponse(.ok, fields: ["content-type": "application/yaml"], body: .bytes(description.yaml)),
            json: HTTPResponse(.ok, fields: ["content-type": "application/json"], body: .bytes(description.json)),
            html: HubPage.response(title: "Learning Hub: the API", main: try await page.html()))
    }
}
