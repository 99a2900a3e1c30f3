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
    /// How long a body may be that is passed on as it comes; nil where a body is held until it is all here.
    private(set) var streamBytesMax: Int?
    /// How long an answer may take, to its last byte; nil for as long as any.
    private(set) var timeMax: Duration?
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

    /// For bodies too long to be held: passed on as they come, on connections of their own. The row has a method.
    func streamed(bodyBytesMax: Int) -> PublicPath {
        var path = self
        path.streamBytesMax = bodyBytesMax
        return path
    }

    /// For answers that take their time.
    func taking(_ timeMax: Duration) -> PublicPath {
        var path = self
        path.timeMax = timeMax
        return path
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
