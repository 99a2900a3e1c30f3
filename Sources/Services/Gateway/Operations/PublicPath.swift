internal import Contracts
internal import HTTP

/// A row of the gateway's table: a path pattern and its service.
struct PublicPath: Sendable {
    private enum Segment: Sendable {
        case literal([UInt8])
        case any
    }

    /// As written: `*` stands for one segment, `/**` at the end for one or more.
    let pattern: String
    /// nil for any method.
    let method: HTTPMethod?
    let service: ServiceName
    /// Maximum length of a streamed body; nil where the whole body is read first.
    private(set) var streamBytesMax: Int?
    /// Timeout for the whole response; nil for the default.
    private(set) var timeMax: Duration?
    /// How long the service may send nothing; nil for the default.
    private(set) var silenceMax: Duration?
    /// nil: that of the request.
    private(set) var lane: Lane?
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

    /// For bodies too long to buffer: streamed, on separate connections. The row has a method.
    func streamed(bodyBytesMax: Int) -> PublicPath {
        var path = self
        path.streamBytesMax = bodyBytesMax
        path.lane = .stream
        return path
    }

    /// For slow responses.
    func taking(_ timeMax: Duration) -> PublicPath {
        var path = self
        path.timeMax = timeMax
        return path
    }

    /// For files, which their readers may take slowly.
    func downloaded(within timeMax: Duration) -> PublicPath {
        var path = taking(timeMax)
        path.lane = .download
        return path
    }

    /// For responses that begin only after long work.
    func working(_ timeMax: Duration) -> PublicPath {
        var path = taking(timeMax)
        path.silenceMax = timeMax
        return path
    }

    /// A literal in every row.
    var firstSegment: String { String(pattern.split(separator: "/").first ?? "") }

    /// - Parameter path: the raw segments of a path.
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
