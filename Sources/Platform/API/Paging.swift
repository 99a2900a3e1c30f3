public import HTTP

/// Which part of a list is asked for: `limit` items, behind the `cursor` at which the page before ended.
///
/// A cursor is what orders the list, as text: as a rule the id of the last item.
public struct PageRequest<Cursor: RawRepresentable & Sendable>: Sendable where Cursor.RawValue == String {
    public let limit: Int
    /// Nil for the beginning of the list.
    public let cursor: Cursor?

    public init(limit: Int, cursor: Cursor? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    /// How many items to look for: one more than asked for tells whether there is a next page.
    public var soughtCount: Int { limit + 1 }
}

/// The limits of a page.
public enum PageLimits {
    public static let itemCountDefault = 20
    public static let itemCountMax = 100
}

extension Request {
    /// The page asked for.
    /// - Throws: 422 `invalid-query` for a limit out of range, and for a cursor that no page of this list ended with.
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
            throw .invalidQuery("cursor", "must be the nextCursor of the page before")
        }
        return PageRequest(limit: limit, cursor: cursor)
    }
}

/// A page of a list.
public struct Page<Item> {
    public let items: [Item]
    /// Where the next page begins; nil on the last one.
    public let nextCursor: String?

    /// - Parameters:
    ///   - found: what was found when ``PageRequest/soughtCount`` items were looked for, in order.
    ///   - cursor: where a page that ends with an item ends.
    public init<Cursor>(_ found: [Item], of request: PageRequest<Cursor>, by cursor: (Item) -> Cursor) {
        items = Array(found.prefix(request.limit))
        nextCursor = found.count > request.limit ? items.last.map { cursor($0).rawValue } : nil
    }

    /// A list that is given whole.
    public init(all items: [Item]) { self.init(items, nextCursor: nil) }

    private init(_ items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// The same page of other items, as a rule of how they are shown.
    public func map<Other>(_ transform: (Item) -> Other) -> Page<Other> {
        Page<Other>(items.map(transform), nextCursor: nextCursor)
    }
}

extension Page: Sendable where Item: Sendable {}

extension Page: Encodable where Item: Encodable {
    enum CodingKeys: CodingKey { case items, nextCursor }

    /// `nextCursor` is written as null at the end of the list, never left out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

/// What a list answers: a page, and whatever else is said of the list.
public protocol PageView: Encodable {
    var nextCursor: String? { get }
}

extension Page: PageView where Item: Encodable {}

extension HTTPResponse {
    /// 200 with a page of a list, and a link to the next page while there is one (RFC 8288).
    public static func page(_ view: some PageView, of request: Request) throws -> HTTPResponse {
        var response = try ok(view)
        response.fields["link"] = view.nextCursor.map { "<\(request.http.target(withCursor: $0))>; rel=\"next\"" }
        return response
    }
}

extension HTTPRequest {
    /// The target with another cursor and the rest of its query as it came. What has no place in a URL is escaped, so that nothing
    /// of a request can end the link it is put into.
    public func target(withCursor cursor: String) -> String {
        let query = target.drop { $0 != "?" }.dropFirst().split(separator: "&").filter { part in
            PercentEncoding.decode(Array(part.prefix { $0 != "=" }.utf8), plusIsSpace: true) != "cursor"
        }
        let all = query.map { PercentEncoding.repair($0) } + ["cursor=\(PercentEncoding.encode(cursor))"]
        return "\(PercentEncoding.repair(path))?\(all.joined(separator: "&"))"
    }
}

extension PercentEncoding {
    /// Escapes what may stand nowhere in a path or a query (RFC 3986, appendix A), and leaves the escapes that are there.
    fileprivate static func repair(_ text: some StringProtocol) -> String {
        text.unicodeScalars.map { scalar in
            allowed.contains(scalar) ? String(scalar) : encode(String(scalar))
        }.joined()
    }

    private static let allowed = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%".unicodeScalars)
}
