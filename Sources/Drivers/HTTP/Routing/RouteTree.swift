/// The patterns of a router as a tree of path segments.
struct RouteTree: Sendable {
    private struct Node: Sendable {
        var literals: [(segment: [UInt8], node: Int)] = []
        var parameter: Int?
        var rest: Int?
        var routes: [(method: HTTPMethod, route: Int)] = []
    }
    private var nodes = [Node()]

    /// - Returns: the names of the parameters in order.
    mutating func insert(_ pattern: String, method: HTTPMethod, route: Int) -> [String] {
        precondition(pattern.utf8.first == UInt8(ascii: "/"), "a pattern begins with '/': \(pattern)")
        var node = 0, isRest = false
        var names: [String] = []
        for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            precondition(!isRest, "nothing follows a rest: \(pattern)")
            if segment.hasPrefix("{") && segment.hasSuffix("...}") {
                isRest = true
                names.append(String(segment.dropFirst().dropLast(4)))
                node = child(of: node, at: \.rest)
            } else if segment.hasPrefix("{") && segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                node = child(of: node, at: \.parameter)
            } else {
                node = literal(Array(segment.utf8), of: node)
            }
        }
        precondition(!nodes[node].routes.contains { $0.method == method }, "added twice: \(method) \(pattern)")
        nodes[node].routes.append((method, route))
        return names
    }

    private mutating func child(of node: Int, at key: WritableKeyPath<Node, Int?>) -> Int {
        if let existing = nodes[node][keyPath: key] { return existing }
        nodes.append(Node())
        nodes[node][keyPath: key] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func literal(_ segment: [UInt8], of node: Int) -> Int {
        if let existing = nodes[node].literals.first(where: { $0.segment == segment }) { return existing.node }
        nodes.append(Node())
        nodes[node].literals.append((segment, nodes.count - 1))
        return nodes.count - 1
    }

    /// The methods of a node for the `Allow` field.
    func allow(_ node: Int) -> String { Self.allow(nodes[node].routes.map(\.method)) }

    /// The methods of all paths.
    var allowAnywhere: String {
        var methods: [HTTPMethod] = []
        for route in nodes.flatMap(\.routes) where !methods.contains(route.method) { methods.append(route.method) }
        return Self.allow(methods)
    }

    private static func allow(_ methods: [HTTPMethod]) -> String {
        var methods = methods
        if methods.contains(.get) && !methods.contains(.head) { methods.append(.head) }
        if !methods.contains(.options) { methods.append(.options) }
        return methods.map(\.rawValue).joined(separator: ", ")
    }

    func find(_ target: String, _ method: HTTPMethod) -> (RouteMatch, values: [String]) {
        if target == "*", method == .options { return (.server, []) }
        var target = target
        return target.withUTF8 { utf8 in
            let end = utf8.firstIndex(of: UInt8(ascii: "?")) ?? utf8.count
            guard end > 0, utf8[0] == UInt8(ascii: "/") else { return (utf8.isEmpty ? .badPath : .notFound, []) }
            let path = UnsafeBufferPointer(rebasing: utf8[1..<end])
            var search = Search(tree: self, path: path)
            let node = search.descend(0, from: 0)
            if search.isBad { return (.badPath, []) }
            guard let node else { return (.notFound, []) }
            let routes = nodes[node].routes
            if let exact = routes.first(where: { $0.method == method }) { return (.route(exact.route), search.values) }
            if method == .head, let get = routes.first(where: { $0.method == .get }) {
                return (.route(get.route), search.values)
            }
            return (.otherMethods(node), [])
        }
    }

    /// Matches one path, whose bytes stay in place during the match.
    private struct Search {
        let tree: RouteTree
        let path: UnsafeBufferPointer<UInt8>
        var values: [String] = []
        var isBad = false

        /// Returns the node with routes that matches the path from `start`; literals take precedence.
        mutating func descend(_ index: Int, from start: Int) -> Int? {
            let node = tree.nodes[index]
            var end = start
            while end < path.count && path[end] != UInt8(ascii: "/") { end += 1 }
            let segment = path[start..<end]
            if let child = literal(in: node, segment), let found = advance(child, past: end) { return found }
            if isBad { return nil }
            if let child = node.parameter, !segment.isEmpty {
                guard let value = PercentEncoding.decode(segment) else {
                    isBad = true
                    return nil
                }
                values.append(value)
                if let found = advance(child, past: end) { return found }
                values.removeLast()
            }
            guard let rest = node.rest else { return nil }
            values.append(String(decoding: path[start...], as: UTF8.self))
            return rest
        }

        private mutating func advance(_ index: Int, past end: Int) -> Int? {
            if end < path.count { return descend(index, from: end + 1) }
            return tree.nodes[index].routes.isEmpty ? nil : index
        }

        private mutating func literal(in node: Node, _ segment: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
            if node.literals.isEmpty { return nil }
            if segment.contains(UInt8(ascii: "%")) {
                guard let decoded = PercentEncoding.decode(segment) else {
                    isBad = true
                    return nil
                }
                return node.literals.first { $0.segment.elementsEqual(decoded.utf8) }?.node
            }
            return node.literals.first { $0.segment.elementsEqual(segment) }?.node
        }
    }
}
