import Avro
import Contracts
import HubTesting
@testable import SchemaRegistry
import Synchronization
import Testing

/// Another registry that does not do as it should.
@Suite struct ConfluentSchemaRegistryTests {
    /// Answers every request as a test wants, and counts them.
    private final class Server: Sendable {
        private let raw: RawServer
        private let noted = Noted()

        /// - Parameter answer: to a request and its number, from 0; nil to leave it without one.
        init(_ answer: @escaping @Sendable (String, Int) -> String?) throws {
            let noted = noted
            raw = try RawServer { socket in
                let request = try await socket.read { text in
                    guard let head = text.range("\r\n\r\n") else { return false }
                    let length = text.range("content-length: ").map { range in
                        Int(text[range.upperBound...].prefix { $0.isNumber }) ?? 0
                    }
                    return text[head.upperBound...].utf8.count >= length ?? 0
                }
                let number = noted.add(request)
                guard let text = answer(request, number) else {
                    _ = try await socket.readToEnd()
                    return
                }
                try await socket.send(text)
                socket.shutdownSending()
                _ = try await socket.readToEnd()
            }
        }

        var url: String { "http://127.0.0.1:\(raw.port)" }
        var seen: [String] { noted.all }
    }

    private final class Noted: Sendable {
        private let requests = Mutex<[String]>([])
        var all: [String] { requests.withLock { $0 } }
        func add(_ request: String) -> Int {
            requests.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
        }
    }

    private static func answer(_ status: Int, _ body: String, _ more: String = "") -> String {
        "HTTP/1.1 \(status) X\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\(more)\r\n\(body)"
    }

    private static let schema = Schema(generated: #"{"type":"record","name":"R","fields":[]}"#)
    private static let known = answer(200, #"{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"}"#)

    /// - Parameter silent: whether an address is expected to give no answer, which is waited for.
    private func registry(
        _ urls: String..., userInfo: String? = nil, timeMax: Duration = .seconds(60), silent: Bool = false
    ) throws -> ConfluentSchemaRegistry {
        var patience = RegistryServers.Patience()
        patience.answerTimeMax = silent ? .seconds(1) : timeMax
        patience.timeMax = timeMax
        patience.pauseBase = .milliseconds(1)
        return ConfluentSchemaRegistry(
            try #require(RegistryAddresses(urls.joined(separator: ","))), userInfo: userInfo, loops: TestLoops.shared,
            patience: patience)
    }

    enum Fault: CaseIterable, Sendable {
        case down, internalError, unavailable, tooManyRequests, silent, cutOff, noJSON, page, notFoundPage, redirect,
            endless,
            noHTTP, unknownPath

        var answer: String? {
            switch self {
            case .down, .silent: nil
            case .internalError: ConfluentSchemaRegistryTests.answer(500, #"{"error_code":50001,"message":"x"}"#)
            case .unavailable: ConfluentSchemaRegistryTests.answer(503, "")
            case .tooManyRequests: ConfluentSchemaRegistryTests.answer(429, #"{"error_code":429,"message":"x"}"#)
            case .cutOff: "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"schema\":"
            case .noJSON: ConfluentSchemaRegistryTests.answer(200, #"{"schema":"#)
            case .page: ConfluentSchemaRegistryTests.answer(200, "<!doctype html><title>Please log in</title>")
            case .notFoundPage: ConfluentSchemaRegistryTests.answer(404, "<title>404</title>")
            case .redirect: ConfluentSchemaRegistryTests.answer(302, "", "location: https://elsewhere.example\r\n")
            case .endless: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "[", count: RegistryServers.answerBytesMax + 1)
            case .noHTTP: "SSH-2.0-OpenSSH_9.2\r\n"
            case .unknownPath:
                ConfluentSchemaRegistryTests.answer(404, #"{"error_code":404,"message":"HTTP 404 Not Found"}"#)
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func `the next address is used after a failure, and first from then on`(fault: Fault)
        async throws
    {
        let bad = try Server { _, _ in fault.answer }
        let good = try Server { _, _ in Self.known }
        let first = fault == .down ? "http://127.0.0.1:\(try RawServer.deadPort())" : bad.url
        let registry = try registry(first, good.url, silent: fault == .silent)
        #expect(try await registry.schema(id: .number(7)) == Self.schema)
        #expect(try await registry.schema(id: .number(8)) == Self.schema)
        #expect(bad.seen.count == (fault == .down ? 0 : 1))
        #expect(
            good.seen.map { $0.prefix { $0 != "\r\n" } } == [
                "GET /schemas/ids/7 HTTP/1.1", "GET /schemas/ids/8 HTTP/1.1",
            ])
    }

    @Test(arguments: Fault.allCases)
    func `a permanent failure is reported with its address`(fault: Fault) async throws {
        let bad = try Server { _, _ in fault.answer }
        let url = fault == .down ? "http://127.0.0.1:\(try RawServer.deadPort())" : bad.url
        let registry = try registry(url, silent: fault == .silent)
        let error = await #expect(throws: SchemaRegistryError.self) { try await registry.schema(id: .number(7)) }
        #expect(error?.kind == .unavailable)
        #expect(error?.description.contains(url) == true, "\(String(describing: error))")
        if fault != .down { #expect(bad.seen.count == RegistryServers.Patience().roundsMax) }
    }

    @Test func `a temporary failure is retried without an error`() async throws {
        let server = try Server { _, number in number < 3 ? Self.answer(503, "") : Self.known }
        #expect(try await registry(server.url).schema(id: .number(7)) == Self.schema)
        #expect(server.seen.count == 4)
    }

    @Test func `a request without a response fails after its time limit`() async throws {
        let silent = try Server { _, _ in nil }
        let error = await #expect(throws: SchemaRegistryError.self) {
            try await registry(silent.url, timeMax: .milliseconds(500)).schema(id: .number(7))
        }
        #expect(error?.kind == .unavailable)
        #expect(silent.seen.count < RegistryServers.Patience().roundsMax)
    }

    @Test(arguments: [401, 403])
    func `wrong credentials are reported at once, without their values`(status: Int) async throws {
        let server = try Server { _, _ in Self.answer(status, #"{"error_code":\#(status),"message":"Unauthorized"}"#) }
        let error = await #expect(throws: SchemaRegistryError.self) {
            try await registry(server.url, userInfo: "hub:hunter2-hunter2").subjects()
        }
        #expect(error?.kind == .unauthorized)
        #expect(error?.description.contains("hunter2") == false)
        #expect(server.seen.count == 1)
        #expect(server.seen.first?.contains("authorization: Basic aHViOmh1bnRlcjItaHVudGVyMg==") == true)
    }

    @Test func `a refusal is reported with the registry's text, and not retried`() async throws {
        let server = try Server { request, _ in
            if request.hasPrefix("POST /subjects/a%2Fb/versions ") {
                return Self.answer(409, #"{"error_code":40901,"message":"it is incompatible"}"#)
            }
            return Self.answer(404, #"{"error_code":40401,"message":"Subject 'a/b' not found."}"#)
        }
        let error = await #expect(throws: SchemaRegistryError.self) {
            try await registry(server.url).register(Self.schema, subject: "a/b")
        }
        #expect(error?.kind == .incompatible)
        #expect(error?.description == "the schema registry refused a/b: it is incompatible (40901)")
        #expect(server.seen.count == 2)
    }

    @Test func `known schemas and ids are not requested again`() async throws {
        let server = try Server { request, _ in
            request.hasPrefix("POST /subjects/s ") ? Self.answer(200, #"{"subject":"s","id":5,"version":1}"#) : nil
        }
        let registry = try registry(server.url)
        for _ in 0..<3 {
            #expect(try await registry.register(Self.schema, subject: "s") == .number(5))
            #expect(try await registry.schema(id: .number(5)) == Self.schema)
        }
        #expect(server.seen.count == 1)
    }

    @Test func `a missing subject is nil or empty`() async throws {
        let server = try Server { request, _ in
            Self.answer(404, #"{"error_code":\#(request.contains("ids") ? 40403 : 40401),"message":"not found"}"#)
        }
        let registry = try registry(server.url)
        let schema = try await registry.schema(id: .number(5))
        #expect(schema == nil)
        #expect(try await registry.versions(subject: "s").isEmpty)
        #expect(server.seen.count == 2)
    }

    @Test(arguments: [
        #"{"schemaType":"PROTOBUF","schema":"syntax = \"proto3\";"}"#,
        #"{"schema":"{\"type\":\"record\"","schemaType":"AVRO"}"#,
        #"{"schema":"\"int\"","references":[{"name":"x","subject":"y","version":1}]}"#,
    ])
    func `a message with an unreadable schema is refused permanently`(body: String) async throws {
        let server = try Server { _, _ in Self.answer(200, body) }
        let codec = EventCodec(registry: try registry(server.url))
        let message = SchemaFrame.header(for: .number(7)) + [2]
        let error = await #expect(throws: EventCodecError.self) { try await codec.value(of: message) }
        #expect(error?.isPermanent == true, "\(String(describing: error))")
    }

    @Test func `a message waits for a registry that is down`() async throws {
        let codec = EventCodec(registry: try registry("http://127.0.0.1:\(try RawServer.deadPort())"))
        let error = await #expect(throws: EventCodecError.self) {
            try await codec.value(of: SchemaFrame.header(for: .number(7)) + [2])
        }
        #expect(error?.kind == .registryUnavailable && error?.isPermanent == false)
    }

    @Test func `addresses are URLs without credentials`() throws {
        for (text, urls) in [
            ("http://a:8081", ["http://a:8081"]), ("https://a/base/, http://b//", ["https://a/base", "http://b"]),
            ("HTTP://A", ["HTTP://A"]),
        ] {
            #expect(RegistryAddresses(text)?.urls == urls, "\(text)")
        }
        for text in [
            "", ",", "http://", "http:///", "a:8081", "ftp://a", "http://a,", "http://user:secret@a", "http://a?x",
            "http://a#x",
            "http://ä", Array(repeating: "http://a", count: 11).joined(separator: ","),
        ] {
            #expect(RegistryAddresses(text) == nil, "\(text)")
        }
    }
}
