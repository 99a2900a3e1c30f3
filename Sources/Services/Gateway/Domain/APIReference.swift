internal import Avro

/// The API description for its readers: the operations with the schemas they refer to.
struct APIReference: Sendable {
    let root: JSONTree

    init(_ root: JSONTree) { self.root = root }

    /// In the order of the document.
    var operations: [APIOperation] {
        root.members("paths").flatMap { path in
            path.value.members.map { APIOperation(method: $0.name.uppercased(), path: path.name, node: $0.value) }
        }
    }

    /// The target of a reference; any other node itself.
    func resolved(_ node: JSONTree) -> JSONTree {
        guard let reference = node["$ref"]?.text else { return node }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    /// The meaning of each problem `code`.
    var problems: [APIProblem] {
        let codes = root["components"]?["schemas"]?["Problem"]?["properties"]?["code"]
        return (codes?["oneOf"]?.items ?? []).compactMap { choice in
            guard let code = choice["const"]?.text else { return nil }
            return APIProblem(code: code, meaning: choice["description"]?.text ?? "")
        }
    }

    /// The operations by the problem codes that the descriptions of their responses contain, in backquotes.
    var operationsByCode: [String: [APIOperation]] {
        var operations: [String: [APIOperation]] = [:]
        for operation in self.operations {
            let codes = operation.node.members("responses").flatMap { response in
                let description = resolved(response.value)["description"]?.text ?? ""
                return description.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                    .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
            }
            for code in Set(codes) { operations[code, default: []].append(operation) }
        }
        return operations
    }

    /// The named schemas.
    var shapes: [JSONTree.Member] { root["components"]?.members("schemas") ?? [] }

    /// The fields of an object; nested ones with their path: `questions[].text`.
    func fields(of schema: JSONTree, at place: String = "") -> [APIField] {
        let required = Set(schema["required"]?.items?.compactMap(\.text) ?? [])
        let parts = (schema["allOf"]?.items ?? []).flatMap { part in
            part["$ref"] == nil
                ? fields(of: part, at: place) : [APIField(name: place + "…", isRequired: true, schema: part)]
        }
        let own = schema.members("properties").flatMap { property in
            let name = place + property.name
            let field = APIField(name: name, isRequired: required.contains(property.name), schema: property.value)
            let item = property.value["items"]
            return [field] + fields(of: item ?? property.value, at: item == nil ? "\(name)." : "\(name)[].")
        }
        return parts + own
    }
}

struct APIOperation: Sendable {
    let method: String
    let path: String
    let node: JSONTree

    var id: String { node["operationId"]?.text ?? "" }

    /// Nil when anyone may call; empty for any logged-in user.
    var roles: [String]? {
        let ways = node["security"]?.items ?? []
        return ways.isEmpty ? nil : ways.flatMap { $0.members.flatMap { $0.value.items ?? [] } }.compactMap(\.text)
    }
}

struct APIProblem: Sendable {
    let code: String
    /// Markdown.
    let meaning: String
}

struct APIField: Sendable {
    let name: String
    let isRequired: Bool
    let schema: JSONTree
}

extension JSONTree {
    var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    func members(_ name: String) -> [Member] { self[name]?.members ?? [] }
}
