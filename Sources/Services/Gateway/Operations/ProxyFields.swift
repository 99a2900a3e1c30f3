internal import HTTP

/// Which header fields cross the gateway.
enum ProxyFields {
    /// Fields of the connection, not of the message (RFC 9110, 7.6.1), and fields that only the gateway may set.
    private static let dropped: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "expect", "host", "content-length", "authorization", "cookie", "forwarded",
        "x-forwarded-for", "x-forwarded-proto", "x-correlation-id", "traceparent", "tracestate", "hub-identity",
    ]

    static func crossing(_ fields: HTTPFields) -> HTTPFields {
        let named = connectionOptions(fields)
        var kept = HTTPFields()
        for (name, value) in fields {
            let lower = name.lowercased()
            if !dropped.contains(lower), !named.contains(lower) { kept.add(name, value) }
        }
        return kept
    }

    /// The fields that `Connection` limits to this hop.
    private static func connectionOptions(_ fields: HTTPFields) -> Set<String> {
        let values = fields.values(of: "connection")
        if values.isEmpty { return [] }
        let options = values.flatMap { $0.split(separator: ",") }.map { option in
            option.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        return Set(options)
    }
}
