extension Schema {
    /// The schema's JSON in normal form, on one line: the same for all spellings of a schema.
    ///
    /// Members are in the order of the Avro libraries, followed by unknown members sorted by name. Names are as short as their namespace
    /// allows, and members equal to a default are omitted. Unlike ``canonicalForm``, documentation and unknown members are kept.
    public var normalText: String {
        // The JSON was parsed before, so it parses again.
        guard let tree = try? JSONTree(parsing: text) else { return text }
        return NormalForm.type(tree, in: "").compactText()
    }
}

/// Rewrites the JSON of a schema that was parsed successfully.
private enum NormalForm {
    static func type(_ tree: JSONTree, in namespace: String) -> JSONTree {
        switch tree {
        case .string(let name): .string(short(full(name, in: namespace), in: namespace))
        case .array(let branches): .array(branches.map { type($0, in: namespace) })
        case .object(let members): object(tree, members, in: namespace)
        default: tree
        }
    }

    private static func object(_ tree: JSONTree, _ members: [JSONTree.Member], in namespace: String) -> JSONTree {
        guard let kind = tree["type"] else { return tree }
        switch kind.text {
        case "record", "error", "enum", "fixed": return named(tree, members, in: namespace)
        case "array", "map":
            let content = kind.text == "array" ? "items" : "values"
            let rest = tree[content].map { [JSONTree.Member(content, type($0, in: namespace))] } ?? []
            return .object([.init("type", kind)] + rest + others(members, but: ["type", content]))
        default:
            let inner = type(kind, in: namespace)
            let others = others(members, but: ["type"])
            return others.isEmpty ? inner : .object([.init("type", inner)] + others)
        }
    }

    private static func named(_ tree: JSONTree, _ members: [JSONTree.Member], in namespace: String) -> JSONTree {
        let given = tree["name"]?.text ?? ""
        let name = given.contains(".") ? given : join(tree["namespace"]?.text ?? namespace, given)
        let space = self.namespace(of: name)
        var normal: [JSONTree.Member] = [.init("type", tree["type"] ?? .null)]
        normal.append(.init("name", .string(name.withoutNamespace)))
        if space != namespace { normal.append(.init("namespace", .string(space))) }
        keep("doc")
        if let fields = tree["fields"]?.items {
            normal.append(.init("fields", .array(fields.map { field($0, in: space) })))
        }
        for member in ["symbols", "size", "default"] { keep(member) }
        if let aliases = tree["aliases"]?.items, !aliases.isEmpty {
            normal.append(.init("aliases", .array(aliases.map { .string(full($0.text ?? "", in: space)) })))
        }
        let defined = ["type", "name", "namespace", "doc", "fields", "symbols", "size", "default", "aliases"]
        return .object(normal + others(members, but: defined))

        func keep(_ name: String) {
            if let value = tree[name] { normal.append(.init(name, value)) }
        }
    }

    private static func field(_ tree: JSONTree, in namespace: String) -> JSONTree {
        guard case .object(let members) = tree else { return tree }
        let normal = ["name", "type", "doc", "default", "order", "aliases"].compactMap { name -> JSONTree.Member? in
            guard let value = tree[name], value != .array([]) || name == "default" else { return nil }
            if name == "order", value.text == "ascending" { return nil }
            return .init(name, name == "type" ? type(value, in: namespace) : value)
        }
        return .object(normal + others(members, but: ["name", "type", "doc", "default", "order", "aliases"]))
    }

    private static func others(_ members: [JSONTree.Member], but defined: [String]) -> [JSONTree.Member] {
        members.filter { !defined.contains($0.name) }.sorted { $0.name < $1.name }
    }

    // MARK: names

    private static let primitives: Set = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

    private static func join(_ namespace: String, _ name: String) -> String {
        namespace.isEmpty ? name : "\(namespace).\(name)"
    }

    private static func full(_ name: String, in namespace: String) -> String {
        name.contains(".") || primitives.contains(name) ? name : join(namespace, name)
    }

    private static func namespace(of full: String) -> String {
        full.split(separator: ".").dropLast().joined(separator: ".")
    }

    private static func short(_ full: String, in namespace: String) -> String {
        self.namespace(of: full) == namespace ? full.withoutNamespace : full
    }
}
