import HTTP
import HubTesting
import Testing

struct MessageTests {
    @Test func `fields keep their order and compare names without case`() {
        var fields: HTTPFields = ["Accept": "a", "x-one": "1"]
        fields.add("ACCEPT", "b")
        #expect(fields["accept"] == "a")
        #expect(fields.values(of: "Accept") == ["a", "b"])
        fields["accept"] = "c"
        #expect(fields.map { "\($0.name):\($0.value)" } == ["x-one:1", "accept:c"])
        fields["accept"] = nil
        #expect(!fields.contains("Accept") && fields.count == 1)
    }

    @Test func `field values cannot contain line ends, and names cannot be empty`() {
        var fields = HTTPFields()
        fields.add("location", "/a\r\nset-cookie: b\u{0}")
        #expect(fields["location"] == "/a  set-cookie: b ")
        #expect(!fields.add("a b", "1") && !fields.add("", "1") && !fields.add("a:", "1") && fields.count == 1)
    }

    @Test func `a list has its tokens`() {
        let fields: HTTPFields = ["connection": "keep-alive , Upgrade"]
        #expect(fields.list("Connection", contains: "upgrade"))
        #expect(!fields.list("Connection", contains: "up"))
    }

    @Test func `a problem is JSON of RFC 9457`() async throws {
        let problem = Problem(
            .unprocessableContent, "invalid-body", detail: "a \"b\"\n\u{1}",
            errors: [.init(field: "email", message: "no \\ address")], fields: ["retry-after": "3"])
        let response = problem.response()
        #expect(response.status == 422)
        #expect(response.fields["Content-Type"] == "application/problem+json")
        #expect(response.fields["retry-after"] == "3")
        let expected =
            #"{"type":"/problems/invalid-body","title":"Unprocessable Content","status":422,"code":"invalid-body","#
            + #""detail":"a \"b\"\n\u0001","errors":[{"field":"email","message":"no \\ address"}]}"#
        #expect(String(decoding: try await response.body.collect(bytesMax: 1_000), as: UTF8.self) == expected)
    }

    @Test func `collecting a body stops at its limit`() async throws {
        let counter = Tally()
        let body = HTTPBody.stream { counter.add() < 100 ? [1, 2, 3] : nil }
        await #expect(throws: HTTPBodyError.tooLarge(bytesMax: 10)) { try await body.collect(bytesMax: 10) }
        #expect(counter.value == 4)
        await #expect(throws: HTTPBodyError.tooLarge(bytesMax: 2)) {
            try await HTTPBody.text("abc").collect(bytesMax: 2)
        }
        #expect(try await HTTPBody.text("abc").collect(bytesMax: 3) == Array("abc".utf8))
    }
}
