/// Writes the head of a response. It decides `Content-Length` or chunked framing and `Connection`, whatever the handler's fields say.
struct ResponseHead {
    /// How the end of the body is marked.
    enum Framing: Equatable {
        /// There is no body.
        case none
        case length(Int)
        case chunked
        /// The end of the connection, for HTTP/1.0 clients.
        case untilClose
    }
    enum Connection { case unsaid, keptAlive, closed }

    let status: HTTPStatus
    let fields: HTTPFields
    let framing: Framing
    let sendsBody: Bool

    init(_ response: HTTPResponse, to method: HTTPMethod, version: RequestHead.Version) {
        status = response.status
        fields = response.fields
        let hasBody = status != .noContent && status != .notModified
        sendsBody = hasBody && method != .head
        framing =
            switch response.body.length {
            case _ where !hasBody: .none
            case let length?: .length(length)
            case nil where method == .head: .none
            case nil: version == .http11 ? .chunked : .untilClose
            }
    }

    /// - Parameter date: the value of `Date`, unless the fields have one: a forwarded response keeps its own.
    func append(to bytes: inout [UInt8], connection: Connection, date: [UInt8]) {
        bytes.append("HTTP/1.1 ")
        bytes.append(decimal: status.code)
        bytes.append(" ")
        bytes.append(contentsOf: status.phrase.utf8)
        bytes.append("\r\n")
        var hasDate = false
        fields.bytes.withUnsafeBufferPointer { stored in
            for entry in fields.entries {
                let name = UnsafeBufferPointer(rebasing: stored[entry.name])
                if Self.isOfServer(name) { continue }
                if equals(name, lower: "date") { hasDate = true }
                bytes.append(contentsOf: name)
                bytes.append(": ")
                bytes.append(contentsOf: stored[entry.value])
                bytes.append("\r\n")
            }
        }
        if !hasDate {
            bytes.append("Date: ")
            bytes.append(contentsOf: date)
            bytes.append("\r\n")
        }
        switch framing {
        case .length(let length):
            bytes.append("Content-Length: ")
            bytes.append(decimal: length)
            bytes.append("\r\n")
        case .chunked: bytes.append("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose: break
        }
        switch connection {
        case .unsaid: break
        case .keptAlive: bytes.append("Connection: keep-alive\r\n")
        case .closed: bytes.append("Connection: close\r\n")
        }
        bytes.append("\r\n")
    }

    private static func isOfServer(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        switch name.count {
        case 10: equals(name, lower: "connection") || equals(name, lower: "keep-alive")
        case 14: equals(name, lower: "content-length")
        case 17: equals(name, lower: "transfer-encoding")
        default: false
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func append(decimal number: Int) { append(contentsOf: String(number).utf8) }
}
