public import HTTP

/// The version of a resource as `ETag` and `If-Match` write it (RFC 9110, sections 8.8.3 and 13.1.1).
struct EntityTag {
    let text: String

    init(version: Int) { text = "\"\(version)\"" }

    func matches(_ field: String) -> Bool {
        field.split(separator: ",").contains { entry in
            let entry = entry.filter { $0 != " " && $0 != "\t" }
            return entry == "*" || entry == text
        }
    }
}

extension Request {
    /// Whether a version is the one `If-Match` asks for; any is without it.
    public var isExpectedVersion: @Sendable (Int) -> Bool {
        let expected = http.fields["if-match"]
        return { version in expected.map { EntityTag(version: version).matches($0) } ?? true }
    }
}

extension HTTPResponse {
    /// 200 with a JSON body, and the version it shows as `ETag`.
    public static func ok(_ view: some Encodable, version: Int) throws -> HTTPResponse {
        ok(json: try HubJSON.encode(view), version: version)
    }

    /// The same of JSON as ``HubJSON`` writes it.
    public static func ok(json: [UInt8], version: Int) -> HTTPResponse {
        var response = HTTPResponse.json(.ok, json)
        response.fields["etag"] = EntityTag(version: version).text
        return response
    }
}
