public import HTTP

/// The requested part of a list: `limit` items after `cursor`, the end of the previous page.
///
/// A cursor is the sort key of the list as text, usually the id of the last item.
public struct PageRequest<Cursor: RawRepresentable & Sendable>: Sendable where Cursor.RawValue == String {
    public let limit: Int
    /// Nil for the start of the list.
    public let cursor: Cursor?

    public init(limit: Int, cursor: Cursor? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    /// The number of items to query: one more than `limit` shows whether there is a next page.
    public var soughtCount: Int { limit + 1 }
}

/// The limits of a page.
public enum PageLimits {
    public static let itemCountDefault = 20
    public static let itemCountMax = 100
}

extension Request {
    /// The requested page.
    /// - Throws: 422 `invalid-query` for a limit out of range or an invalid cursor.
    public func page<Cursor>(
        by cursor: Cursor.Type, limitMax: Int = PageLimits.itemCountMax
    ) throws(Problem) -> PageRequest<Cursor> {
        var limit = min(PageLimits.itemCountDefault, limitMax)
        if let text = http.query("limit") {
            guard let number = Int(text), (1...limitMax).contains(number) else {
                throw .invalidQuery("limit", "must be a whole number from 1 to \(limitMax)")
            }
            limit = number
        }
        guard let text = http.query("cursor") else { return PageRequest(limit: limit) }
        guard let cursor = Cursor(rawValue: text) else {
            throw .invalidQuery("cursor", "must be the nextCursor of the previous page")
        }
        return PageRequest(limit: limit, cursor: cursor)
    }
}

/// A page of a list.
public struct Page<Item> {
    public let items: [Item]
    /// Cursor of the next page; nil on the last page.
    public let nextCursor: String?

    /// - Parameters:
    ///   - found: the result of a query for ``PageRequest/soughtCount`` items, in order.
    ///   - cursor: the cursor of an item.
    public init<Cursor>(_ found: [Item], of request: PageRequest<Cursor>, by cursor: (Item) -> Cursor) {
        items = Array(found.prefix(request.limit))
        nextCursor = found.count > request.limit ? items.last.map { cursor($0).rawValue } : nil
    }

    /// A whole list on one page.
    public init(all items: [Item]) { self.init(items, nextCursor: nil) }

    private init(_ items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// The same page with each item transformed.
    public func map<Other>(_ transform: (Item) -> Other) -> Page<Other> {
        Page<Other>(items.map(transform), nextCursor: nextCursor)
    }
}

extension Page: Sendable where Item: Sendable {}

extension Page: Encodable where Item: Encodable {
    enum CodingKeys: CodingKey { case items, nextCursor }

    /// `nextCursor` is null at the end of the list, never omitted.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

/// The response view of a list: a page and any further fields.
public protocol PageView: Encodable {
    var nextCursor: String? { get }
}

extension Page: PageView where Item: Encodable {}

extension HTTPResponse {
    /// 200 with a page and, if there is one, a link to the next page (RFC 8288).
    public static func page(_ view: some PageView, of request: Request) throws -> HTTPResponse {
        var response = try ok(view)
        response.fields["link"] = view.nextCursor.map { "<\(request.http.target(withCursor: $0))>; rel=\"next\"" }
        return response
    }
}

extension HTTPRequest {
    /// The target with another cursor and the rest of its query unchanged. Characters that a URL does not allow are escaped, so that
    /// a request cannot end the link early.
    public func target(withCursor cursor: String) -> String {
        let query = target.drop { $0 != "?" }.dropFirst().split(separator: "&").filter { part in
            PercentEncoding.decode(Array(part.prefix { $0 != "=" }.utf8), plusIsSpace: true) != "cursor"
        }
        let all = query.map { PercentEncoding.repair($0) } + ["cursor=\(PercentEncoding.encode(cursor))"]
        return "\(PercentEncoding.repair(path))?\(all.joined(separator: "&"))"
    }
}

extension PercentEncoding {
    /// Escapes characters that no path or query allows (RFC 3986, appendix A), and keeps existing escapes.
    fileprivate static func repair(_ text: some StringProtocol) -> String {
        text.unicodeScalars.map { scalar in
            allowed.contains(scalar) ? String(scalar) : encode(String(scalar))
        }.joined()
    }

    private static let allowed = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%".unicodeScalars)
}
