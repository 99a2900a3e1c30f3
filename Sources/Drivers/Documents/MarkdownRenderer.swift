internal import CMarkdown
public import EventLoop

/// Renders GitHub-flavoured Markdown as HTML: tables, strikethrough, task lists, autolinks.
///
/// The HTML is safe to embed in any page: raw HTML is removed, URLs are `http`, `https`, `mailto` or relative, and links have
/// `rel="nofollow noopener"`. Headings have no ids, so they cannot clash with ids of the page.
public struct MarkdownRenderer: Sendable {
    /// The limits of one document.
    public struct Limits: Sendable {
        /// UTF-8 bytes of the document: about twenty thousand words.
        public var documentBytesMax = 128 * 1024
        /// The maximum nesting of lists and quotations.
        public var depthMax = 100
        /// The maximum memory of the tree and the HTML; typical documents use a fiftieth of it.
        public var memoryBytesMax = 64 * 1024 * 1024
        /// The maximum CPU time; typical documents use a hundredth of it. Some patterns take the library quadratic time.
        public var timeMax: Duration = .milliseconds(250)

        public init() {}
    }

    public let limits: Limits
    private let pool: BlockingPool

    /// - Parameter pool: where documents are rendered; a loop would be blocked.
    public init(pool: BlockingPool, limits: Limits = Limits()) {
        self.pool = pool
        self.limits = limits
    }

    /// Renders a document as HTML.
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

/// Why a document was not rendered. The description contains none of its text.
public enum MarkdownError: Error, Sendable, Equatable {
    case tooLong(bytesMax: Int)
    /// Its nesting is deeper than `depthMax`.
    case tooDeep(depthMax: Int)
    /// It exceeds the memory or CPU limit.
    case tooComplex
    case outOfMemory
}

/// C calls this back for every URL.
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
