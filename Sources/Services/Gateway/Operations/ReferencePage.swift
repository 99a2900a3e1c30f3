internal import Avro
internal import Contracts
internal import Documents
internal import HTTP
internal import Platform

/// The page `/docs`: every operation by service, with its roles, request and responses.
struct ReferencePage {
    private let reference: APIReference
    private let markdown: MarkdownRenderer

    init(_ reference: APIReference, _ markdown: MarkdownRenderer) {
        self.reference = reference
        self.markdown = markdown
    }

    func html() async throws -> String {
        let services = services
        var html = """
            <h1>API of the hub</h1>
            <p>For programs: <a href="/openapi.yaml">/openapi.yaml</a> and <a href="/openapi.json">/openapi.json</a>.
            Error codes: <a href="/problems">/problems</a>.</p>

            """
        html += try await text(reference.root["info"]?["description"])
        html += contents(services)
        for (service, operations) in services {
            html += "<section aria-labelledby=\"service-\(service)\">\n<h2 id=\"service-\(service)\">\(service)</h2>\n"
            for operation in operations { html += try await article(operation) }
            html += "</section>\n"
        }
        html += "<section aria-labelledby=\"shapes\">\n<h2 id=\"shapes\">Data types</h2>\n"
        for shape in reference.shapes { html += try await article(shape) }
        return html + "</section>"
    }

    /// The operations of each service, in document order.
    private var services: [(ServiceName, [APIOperation])] {
        reference.operations.reduce(into: []) { services, operation in
            let service = Self.service(of: operation)
            if let index = services.firstIndex(where: { $0.0 == service }) {
                services[index].1.append(operation)
            } else {
                services.append((service, [operation]))
            }
        }
    }

    private static func service(of operation: APIOperation) -> ServiceName {
        let path = operation.path.replacing(/\{[^}]*\}/, with: "x")
        let row = try? PublicPaths.row(for: HTTPMethod(rawValue: operation.method), path[...])
        return row?.service ?? .gateway
    }

    private func contents(_ services: [(ServiceName, [APIOperation])]) -> String {
        let lists = services.map { service, operations in
            let lines = operations.map { operation in
                """
                <li><a href="#\(operation.id)"><code>\(operation.method) \(operation.path)</code></a> \
                \(HubPage.escape(operation.node["summary"]?.text ?? ""))</li>
                """
            }
            return """
                <h3><a href="#service-\(service)">\(service)</a></h3>
                <ul>
                \(lines.joined(separator: "\n"))
                </ul>

                """
        }
        return "<nav aria-label=\"All calls\">\n<h2>All calls</h2>\n\(lists.joined())</nav>\n"
    }

    // MARK: A call

    private func article(_ operation: APIOperation) async throws -> String {
        let node = operation.node
        var html = """
            <article aria-labelledby="\(operation.id)">
            <h3 id="\(operation.id)"><code>\(operation.method) \(operation.path)</code></h3>
            <p>\(HubPage.escape(node["summary"]?.text ?? ""))</p>

            """
        html += try await text(node["description"])
        html += "<p>Who may call: \(Self.callers(operation.roles)).</p>\n"
        html += try await parameters(node["parameters"]?.items ?? [])
        if let body = node["requestBody"] {
            let content = reference.resolved(body).members("content")
            html += try await bodies(content, title: "Body")
        }
        html += try await answers(node.members("responses"))
        return html + "</article>\n"
    }

    private static func callers(_ roles: [String]?) -> String {
        guard let roles else { return "everyone" }
        return roles.isEmpty
            ? "every logged-in user" : roles.map { "<code>\(HubPage.escape($0))</code>" }.joined(separator: " or ")
    }

    private func parameters(_ parameters: [JSONTree]) async throws -> String {
        var rows: [[String]] = []
        for parameter in parameters.map(reference.resolved) {
            let isRequired = parameter["required"] == .bool(true)
            rows.append([
                "<code>\(HubPage.escape(parameter["name"]?.text ?? ""))</code>",
                "\(parameter["in"]?.text ?? "")\(isRequired ? "" : ", optional")",
                value(parameter["schema"] ?? .null), try await text(parameter["description"]),
            ])
        }
        return table("Parameters", ["Name", "Where", "Value", "Meaning"], rows)
    }

    private func answers(_ answers: [JSONTree.Member]) async throws -> String {
        var rows: [[String]] = [], details = ""
        for answer in answers {
            let node = reference.resolved(answer.value)
            var meaning = try await text(node["description"])
            for header in node.members("headers") {
                meaning += "<p>Header <code>\(HubPage.escape(header.name))</code></p>"
                meaning += try await text(reference.resolved(header.value)["description"])
            }
            let content = node.members("content")
            rows.append([answer.name, meaning, content.map(body).joined(separator: "<br>")])
            details += try await bodies(
                content.filter { isInline($0.value["schema"]) }, title: "Body of \(answer.name)")
        }
        return table("Responses", ["Status", "Meaning", "Body"], rows) + details
    }

    // MARK: Shapes

    /// Each body format, with its fields unless a named schema has them.
    private func bodies(_ content: [JSONTree.Member], title: String) async throws -> String {
        var html = ""
        for form in content {
            let schema = form.value["schema"] ?? .null
            html +=
                isInline(schema)
                ? try await fields(of: schema, title: title) : "<h4>\(title)</h4>\n<p>\(body(form))</p>\n"
        }
        return html
    }

    private func isInline(_ schema: JSONTree?) -> Bool { schema.map { !reference.fields(of: $0).isEmpty } ?? false }

    private func body(_ form: JSONTree.Member) -> String {
        let schema = form.value["schema"] ?? .null
        let kind = "<code>\(HubPage.escape(form.name))</code>"
        return isInline(schema) || schema == .null ? kind : "\(value(schema)) as \(kind)"
    }

    private func article(_ shape: JSONTree.Member) async throws -> String {
        let text = try await text(shape.value["description"])
        let fields = try await fields(of: shape.value, title: nil)
        let value = fields.isEmpty ? "<p>\(value(shape.value))</p>\n" : ""
        return "<article>\n<h3 id=\"shape-\(shape.name)\">\(shape.name)</h3>\n\(value)\(text)\(fields)</article>\n"
    }

    private func fields(of schema: JSONTree, title: String?) async throws -> String {
        var rows: [[String]] = []
        for field in reference.fields(of: schema) {
            rows.append([
                "<code>\(HubPage.escape(field.name))</code>\(field.isRequired ? "" : ", optional")",
                value(field.schema), try await text(field.schema["description"]),
            ])
        }
        return table(title, ["Field", "Value", "Meaning"], rows)
    }

    private func value(_ schema: JSONTree) -> String { APIValue(schema).html }

    // MARK: Pieces

    private func table(_ title: String?, _ columns: [String], _ rows: [[String]]) -> String {
        if rows.isEmpty { return "" }
        let head = columns.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let body = rows.map { row in "<tr>\(row.map { "<td>\($0)</td>" }.joined())</tr>\n" }.joined()
        let heading = title.map { "<h4>\($0)</h4>\n" } ?? ""
        return """
            \(heading)<div class="wide"><table>
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(body)</tbody></table></div>

            """
    }

    /// Descriptions are Markdown.
    private func text(_ node: JSONTree?) async throws -> String {
        guard let text = node?.text, !text.isEmpty else { return "" }
        return try await markdown.html(of: text)
    }
}
