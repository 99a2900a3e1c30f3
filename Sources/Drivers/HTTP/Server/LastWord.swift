/// An answer written straight to the socket, for moments when libmicrohttpd takes none: too slow a header, a body that is refused
/// while it still arrives. The connection ends with it.
enum LastWord {
    static func bytes(_ response: HTTPResponse) -> [UInt8] {
        let body = response.body.bytesAtHand ?? []
        var head = "HTTP/1.1 \(response.status.code) \(response.status.phrase)\r\n"
        for (name, value) in response.fields { head += "\(name): \(value)\r\n" }
        head += "content-length: \(body.count)\r\nconnection: close\r\n\r\n"
        return Array(head.utf8) + body
    }
}
