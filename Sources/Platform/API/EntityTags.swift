public import HTTP

/// The version of a resource as `ETag`, `If-Match` and `If-None-Match` write it (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2).
struct EntityTag {
    let text: String

    init(version: Int) { text = "\"\(version)\"" }

    init(text: String) { self.text = text }

    func matches(_ field: String) -> Bool { Self.entries(of: field).contains { $0 == "*" || $0 == text } }

    /// Like ``matches(_:)``, but with weak comparison: `W/` is ignored.
    func matchesWeakly(_ field: String) -> Bool {
        matches(Self.entries(of: field).map { $0.hasPrefix("W/") ? $0.dropFirst(2) : $0[...] }.joined(separator: ","))
    }

    private static func entries(of field: String) -> [String] {
        field.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
    }
}

extension Request {
    /// Whether a version satisfies `If-Match`; true without it.
    public var isExpectedVersion: @Sendable (Int) -> Bool {
        let expected = http.fields["if-match"]
        return { version in expected.map { EntityTag(version: version).matches($0) } ?? true }
    }
}

extension HTTPResponse {
    /// 200 with a JSON body and its version as `ETag`.
    public static func ok(_ view: some Encodable, version: Int) throws -> HTTPResponse {
        ok(json: try HubJSON.encode(view), version: version)
    }

    /// 200 with encoded JSON and its `ETag`.
    public static func ok(json: [UInt8], version: Int) -> HTTPResponse {
        var response = HTTPResponse.json(.ok, json)
        response.fields["etag"] = EntityTag(version: version).text
        return response
    }

    /// 304 without a body when the client has the current version. Does not apply to `no-store`.
    func unlessKnown(to request: HTTPRequest) -> HTTPResponse {
        guard request.method == .get || request.method == .head, status == .ok, let tag = fields["etag"],
            fields["cache-control"] != "no-store", let known = request.fields["if-none-match"],
            EntityTag(text: tag).matchesWeakly(known)
        else { return self }
        var answer = HTTPResponse(.notModified, fields: fields)
        answer.fields["content-type"] = nil
        return answer
    }
}
