import EventLoop
import Foundation
import HTTP
import HubTesting
import ObjectStore
import Observability
import Synchronization
import Testing

@testable import Platform

@Suite struct StreamTests {
    private let seal: IdentitySeal
    private let router: Router

    init() throws {
        seal = try IdentitySeal(secret: IdentitySecret("a secret of enough bytes")) { 0 }
        var routes = Routes(seal: seal, logger: Logger(label: "test", sink: LogRecorder()), metrics: Metrics())
        routes.putStream("/parts/{n}", .anyone, bodyBytesMax: 4 << 20) { request in
            var count = 0
            for try await chunk in request.http.body { count += chunk.count }
            return .text(.ok, "\(count)")
        }
        routes.put("/whole", .anyone) { _ in .noContent }
        router = routes.router
    }

    private func put(_ target: String, _ body: HTTPBody, sealedFor sealed: [UInt8]?) async throws -> (Int, String) {
        let header = seal.header(for: .anonymous, method: "PUT", target: target, body: sealed)
        let request = HTTPRequest(.put, target, fields: [IdentitySeal.fieldName: header], body: body)
        let answer = await router.respond(to: request)
        return (answer.status.code, String(decoding: try await answer.body.collect(bytesMax: 10_000), as: UTF8.self))
    }

    private func body(of count: Int, isLengthTold: Bool = true) -> HTTPBody {
        let left = Mutex(count)
        return .stream(length: isLengthTold ? count : nil) {
            left.withLock { left in
                let chunk = min(left, 100_000)
                left -= chunk
                return chunk == 0 ? nil : [UInt8](repeating: 7, count: chunk)
            }
        }
    }

    @Test func `a streamed body is read while it arrives, beyond the limit of other routes`() async throws {
        #expect(try await put("/parts/1", body(of: 3 << 20), sealedFor: nil) == (200, "\(3 << 20)"))
    }

    @Test func `a streamed body has a known length within the limit of its route`() async throws {
        let silent = try await put("/parts/1", body(of: 10, isLengthTold: false), sealedFor: nil)
        #expect(silent.0 == 411 && silent.1.contains("length-required"))
        let long = try await put("/parts/1", body(of: 4 << 20 + 1), sealedFor: nil)
        #expect(long.0 == 413 && long.1.contains("body-too-large"))
    }

    @Test func `only streaming routes accept unsealed bodies, and no sealed ones`() async throws {
        let other = try await put("/whole", .bytes([1]), sealedFor: nil)
        #expect(other.0 == 401 && other.1.contains("no-identity"))
        #expect(try await put("/whole", .empty, sealedFor: nil).0 == 401)
        #expect(try await put("/whole", .bytes([1]), sealedFor: [1]).0 == 204)
        #expect(try await put("/parts/1", .bytes([1]), sealedFor: [1]).0 == 401)
    }
}

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=2-4", 2..<5), ("bytes=7-", 7..<10), ("bytes=-3", 7..<10), ("bytes=-99", 0..<10),
        ("bytes=5-99999999999999999999", 5..<10), ("Bytes=0-", 0..<10),
    ])
    func `a range selects bytes`(field: String, bytes: Range<Int>) {
        #expect(ByteRange(field)?.bytes(of: 10) == bytes)
    }

    @Test(arguments: ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"])
    func `a range after the end selects nothing`(field: String) throws {
        #expect(try #require(ByteRange(field)).bytes(of: 10) == nil)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "bytes=a-b", "items=0-1", "bytes=+1-2",
    ])
    func `other than a single byte range is ignored`(field: String) { #expect(ByteRange(field) == nil) }

    @Test func `an object is sent whole, in part, or refused with its length`() async throws {
        let folder = NSTemporaryDirectory() + "hub-range-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = FolderStore(path: folder, pool: try .init(name: "files", threadCount: 1, queueCountMax: 100))
        let key = try ObjectKey("media/one")
        try await store.put(Array("0123456789".utf8), at: key, contentType: "text/plain")
        func get(_ fields: HTTPFields) async throws -> (HTTPResponse, String) {
            let request = Request(HTTPRequest(.get, "/", fields: fields), identity: .anonymous)
            let answer: HTTPResponse
            do {
                answer = try await request.object(key, in: store, fields: ["content-type": "text/plain"])
            } catch let problem as Problem {
                answer = problem.response()
            }
            return (answer, String(decoding: try await answer.body.collect(bytesMax: 10_000), as: UTF8.self))
        }
        let whole = try await get([:])
        #expect(whole.0.status == .ok && whole.1 == "0123456789" && whole.0.fields["accept-ranges"] == "bytes")
        let part = try await get(["range": "bytes=3-5"])
        #expect(part.0.status == 206 && part.1 == "345" && part.0.fields["content-range"] == "bytes 3-5/10")
        #expect(part.0.body.length == 3)
        let behind = try await get(["range": "bytes=10-"])
        #expect(behind.0.status == 416 && behind.0.fields["content-range"] == "bytes */10")
        #expect(behind.1.contains("range-not-satisfiable"))
        #expect(try await get(["range": "bytes=3-5", "if-range": "\"1\""]).0.status == .ok)
    }
}
