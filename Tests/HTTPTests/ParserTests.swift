@testable import HTTP
import Testing

/// The parser as a value: no socket, no loop.
struct ParserTests {
    /// The result of parsing split bytes: a line for each head and each body, `400 code` for a refusal.
    static func read(_ pieces: [[UInt8]]) -> [String] {
        var parser = RequestParser(limits: HTTPServerConfiguration()), unparsed: [UInt8] = [], body: [UInt8] = []
        var found: [String] = []
        for piece in pieces {
            unparsed += piece
            do throws(RequestHead.Refusal) {
                while !unparsed.isEmpty {
                    let (event, count) = try unparsed.withUnsafeBufferPointer { bytes throws(RequestHead.Refusal) in
                        try parser.next(bytes, body: &body)
                    }
                    unparsed.removeFirst(count)
                    switch event {
                    case .incomplete: break
                    case .head(let head):
                        let fields = head.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                        found.append("\(head.method) \(head.target) \(fields)")
                        continue
                    case .body(let isLast):
                        guard isLast else { continue }
                        found.append("body " + String(decoding: body, as: UTF8.self))
                        body = []
                        continue
                    }
                    break
                }
            } catch {
                return found + ["\(error.problem.status.code) \(error.problem.code)"]
            }
        }
        return found
    }

    static let stream =
        "\r\nGET /a?b HTTP/1.1\r\nHost: x\r\nA:\t b c \t\r\nEmpty:\r\n\r\n"
        + "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        + "POST http://y/d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\nhello\r\n00A ;e=f\r\n0123456789\r\n0\r\nT: u\r\n\r\nOPTIONS * HTTP/1.0\r\n\r\n"

    static let found = [
        "GET /a?b Host=x,A=b c,Empty=", "POST /c Host=x,Content-Length=5", "body hello",
        "POST /d Transfer-Encoding=chunked,host=y", "body hello0123456789", "OPTIONS * ",
    ]

    @Test func `requests are parsed equally for any split of their bytes`() {
        let bytes = Array(Self.stream.utf8)
        #expect(Self.read([bytes]) == Self.found)
        #expect(Self.read(bytes.map { [$0] }) == Self.found)
        for cut in 1..<bytes.count {
            #expect(Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.found, "cut at \(cut)")
        }
    }

    @Test(arguments: HostileTests.ours)
    func `an invalid request is refused for any split of its bytes`(request: String) {
        let bytes = Array(request.utf8), whole = Self.read([bytes])
        #expect(whole.last?.hasPrefix("400 ") == true)
        #expect(Self.read(bytes.map { [$0] }) == whole)
    }

    @Test func `an invalid request is refused before its end`() {
        #expect(Self.read([[0x16, 3, 1]]) == ["400 malformed-request"])
        #expect(Self.read([Array("GET /\(String(repeating: "x", count: 9_000))".utf8)]) == ["414 target-too-long"])
        let line = "GET / HTTP/1.1\r\n"
        #expect(Self.read([Array((line + String(repeating: "x", count: 17_000)).utf8)]) == ["431 header-too-large"])
        let fields = String(repeating: "a: b\r\n", count: 65)
        #expect(Self.read([Array((line + fields).utf8)]) == ["431 header-too-large"])
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    ])
    func `a date is written as RFC 9110 writes it`(seconds: Int, text: String) {
        #expect(String(decoding: HTTPDate.bytes(seconds), as: UTF8.self) == text)
    }
}
