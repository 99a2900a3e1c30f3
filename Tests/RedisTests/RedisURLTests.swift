import Redis
import Testing

@Suite struct RedisURLTests {
    @Test(arguments: [
        ("redis://localhost", "redis://localhost:6379/0"), ("redis://10.0.0.1:7000/2", "redis://10.0.0.1:7000/2"),
        ("redis://[::1]:7000", "redis://::1:7000/0"), ("redis://:secret@cache", "redis://cache:6379/0"),
        ("redis://app:s%2Fcret@cache:1/", "redis://cache:1/0"),
    ])
    func `an address is parsed, and its description has no password`(text: String, shown: String) throws {
        let url = try RedisURL(text)
        #expect(url.description == shown)
        var dumped = ""
        dump(url, to: &dumped)
        #expect(!dumped.contains("cret"))
    }

    @Test(arguments: [
        "", "redis://", "localhost:6379", "http://localhost", "redis://localhost:0", "redis://localhost:70000",
        "redis://localhost/x", "redis://localhost/-1", "redis://localhost/1/2", "redis://localhost?db=1",
        "redis://user@localhost", "redis://loc alhost",
    ])
    func `an invalid address is refused`(text: String) {
        #expect(throws: RedisURLError.notAURL) { try RedisURL(text) }
    }

    @Test func `an encrypted connection is refused by name`() {
        #expect(throws: RedisURLError.encrypted) { try RedisURL("rediss://localhost") }
    }
}
