/// An error response to clients: `application/problem+json` (RFC 9457) with a stable `code`.
public struct Problem: Error, Sendable, Equatable {
    public var status: HTTPStatus
    /// The stable slug, such as `email-taken`, for programs to compare.
    public var code: String
    /// The meaning of the code, always the same text.
    public var title: String
    /// The cause in this case. Must not contain internal information.
    public var detail: String?
    public var errors: [FieldError]
    /// Response fields besides the content type, such as `retry-after`.
    public var fields: HTTPFields

    /// An error in one field of a request body.
    public struct FieldError: Sendable, Hashable {
        public var field: String
        public var message: String
        public init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    /// - Parameter title: nil for the reason phrase of the status.
    public init(
        _ status: HTTPStatus, _ code: String, title: String? = nil, detail: String? = nil, errors: [FieldError] = [],
        fields: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.title = title ?? status.phrase
        self.detail = detail
        self.errors = errors
        self.fields = fields
    }

    /// The URI reference that identifies the kind of problem.
    public var type: String { "/problems/\(code)" }

    public func response() -> HTTPResponse {
        var fields = fields
        fields["content-type"] = "application/problem+json"
        return HTTPResponse(status, fields: fields, body: .bytes(json))
    }

    /// The members of RFC 9457, then `code` and `errors`.
    public var json: [UInt8] {
        var out = JSONText()
        out.member("type", type)
        out.member("title", title)
        out.member("status", number: status.code)
        out.member("code", code)
        if let detail { out.member("detail", detail) }
        if !errors.isEmpty {
            out.member(
                "errors",
                raw: errors.map { error in
                    var member = JSONText()
                    member.member("field", error.field)
                    member.member("message", error.message)
                    return member.object
                })
        }
        return Array(out.object.utf8)
    }
}

extension Problem: CustomStringConvertible {
    /// One line for a log: status, code and detail.
    public var description: String { "\(status.code) \(code)" + (detail.map { ": \($0)" } ?? "") }
}

/// A minimal JSON encoder, to avoid linking FoundationEssentials here only for this.
private struct JSONText {
    private var members = ""
    var object: String { "{\(members)}" }

    mutating func member(_ name: String, _ text: String) { append(name, Self.quoted(text)) }
    mutating func member(_ name: String, number: Int) { append(name, String(number)) }
    mutating func member(_ name: String, raw values: [String]) {
        append(name, "[\(values.joined(separator: ","))]")
    }

    private mutating func append(_ name: String, _ value: String) {
        members += "\(members.isEmpty ? "" : ",")\(Self.quoted(name)):\(value)"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
