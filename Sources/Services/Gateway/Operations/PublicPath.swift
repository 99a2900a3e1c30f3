internal import Contracts
internal import HTTP

/// One row of the gateway's table: paths of a form, and the service that answers them.
struct PublicPath: Sendable {
    private enum Segment: Sendable {
        case literal([UInt8])
        case any
    }

    /// As written: `*` stands for one segment, `/**` at the end for one or more.
    let pattern: String
    /// nil for whatever method.
    let method: HTTPMethod?
    let service: ServiceName
    private let segments: [Segment]
    private let goesOn: Bool

    init(_ pattern: String, _ service: ServiceName, _ method: HTTPMethod? = nil) {
        self.pattern = pattern
        self.method = method
        self.service = service
        var parts = pattern.split(separator: "/")
        goesOn = parts.last == "**"
        if goesOn { parts.removeLast() }
        segments = parts.map { $0 == "*" ? .any : .literal(Array($0.utf8)) }
    }

    /// A literal in every row.
    var firstSegment: String { String(pattern.split(separator: "/").first ?? "") }

    /// - Parameter path: the segments of a path, raw.
    func fits(_ path: some Collection<Substring.UTF8View>) -> Bool {
        guard goesOn ? path.count > segments.count : path.count == segments.count else { return false }
        return zip(segments, path).allSatisfy { segment, part in
            switch segment {
            case .literal(let bytes): part.elementsEqual(bytes)
            case .any: !part.isEmpty
            }
        }
    }
}
