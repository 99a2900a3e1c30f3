internal import CMarkdown
public import EventLoop

/// Makes HTML of what people write in GitHub-flavoured Markdown: tables, strikethrough, task lists, addresses that become links.
///
/// The HTML may stand in any page: no raw HTML of the author passes, an address is `http`, `https`, `mailto` or relative to the page,
/// and links say `rel="nofollow noopener"`. Headings carry no ids, so nothing in the page can be mistaken for its own parts.
public struct MarkdownRenderer: Sendable {
    /// Bounds on what one document takes.
    public struct Limits: Sendable {
        /// UTF-8 bytes of the document: some twenty thousand words.
        public var documentBytesMax = 128 * 1024
        /// Lists in lists, quotations in quotations.
        public var depthMax = 100
        /// What the tree and the HTML may take: documents that people write take a fiftieth.
        public var memoryBytesMax = 64 * 1024 * 1024
        /// Of a processor. What people write takes a hundredth of this; the library has patterns that cost it the square of their length.
        public var timeMax: Duration = .milliseconds(250)

        public init() {}
    }

    public let limits: Limits
    private let pool: BlockingPool

    /// - Parameter pool: where documents are made; never a loop, which would hold whatever else it serves.
    public init(pool: BlockingPool, limits: Limits = Limits()) {
        self.pool = pool
        self.limits = limits
    }

    /// The HTML of a document.
    /// - Throws: ``MarkdownError`` when the document is refused, and what the pool throws.
    public func html(of document: String) async throws -> String {
        guard document.utf8.count <= limits.documentBytesMax else {
            throw MarkdownError.tooLong(bytesMax: limits.documentBytesMax)
        }
        return try await pool.run { [limits] in try Self.html(of: document, limits) }
    }

    private static func html(of document: String, _ limits: Limits) throws(MarkdownError) -> String {
        var document = document
        var html: UnsafeMutablePointer<CChar>?
        var count = 0
        let outcome = document.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                hub_markdown_html(
                    characters.baseAddress, characters.count, hub_markdown_limits(limits), allowsAddress,
                    linkAttributes,
                    &html, &count)
            }
        }
        defer { hub_markdown_free(html) }
        switch Int(outcome) {
        case HUB_MARKDOWN_DONE: break
        case HUB_MARKDOWN_TOO_DEEP: throw .tooDeep(depthMax: limits.depthMax)
        case HUB_MARKDOWN_TOO_COMPLEX: throw .tooComplex
        default: throw .outOfMemory
        }
        return String(decoding: UnsafeRawBufferPointer(start: html, count: count), as: UTF8.self)
    }

    private static let linkAttributes = #" rel="nofollow noopener""#
}

/// Why a document was not made into HTML. A description shows nothing of it.
public enum MarkdownError: Error, Sendable, Equatable {
    case tooLong(bytesMax: Int)
    /// Something in it lies within more than `depthMax` other parts.
    case tooDeep(depthMax: Int)
    /// It would take more memory or time than any document of its length that somebody wrote.
    case tooComplex
    case outOfMemory
}

/// C calls this back for every address.
private func allowsAddress(_ address: UnsafePointer<CChar>?, _ isImage: Int32) -> Int32 {
    guard let address else { return 0 }
    return WebAddress.isAllowed(String(cString: address), forImage: isImage != 0) ? 1 : 0
}

extension hub_markdown_limits {
    fileprivate init(_ limits: MarkdownRenderer.Limits) {
        let (seconds, attoseconds) = limits.timeMax.components
        self.init(
            memory_bytes_max: limits.memoryBytesMax,
            time_ns_max: UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000),
            depth_max: limits.depthMax)
    }
}
