import EventLoop
import Foundation
import HTTP
import HubTesting
import ObjectStore

/// The implementations that one suite holds for.
enum StoreKind: String, CaseIterable, Sendable {
    case folder, s3

    /// Runs `body` with a store of the kind. A bucket is shared: names begin with `prefix`, which nobody else's do.
    func with(_ body: (_ store: any ObjectStore, _ prefix: String) async throws -> Void) async throws {
        let prefix = String(UInt64.random(in: .min ... .max), radix: 36)
        switch self {
        case .folder:
            try await TestFolder.with { try await body(FolderStore(path: $0.path, pool: try .forTests.get()), prefix) }
        case .s3:
            let client = HTTPClient(loops: TestLoops.shared)
            try await body(try S3Store(.init(await S3Server.shared), client: client, now: { Date() }), prefix)
            await client.close()
        }
    }
}

/// A folder that is made by who uses it, and gone after.
struct TestFolder {
    let path: String

    static func with(_ body: (TestFolder) async throws -> Void) async throws {
        let parent = NSTemporaryDirectory() + "hub-objects-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: parent) }
        try await body(TestFolder(path: parent + "/data/objects"))
    }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

extension S3Store.Configuration {
    init(_ server: S3Server) {
        self.init(
            endpoint: server.endpoint, bucket: server.bucket, region: server.region, accessKeyID: server.accessKeyID,
            secretAccessKey: server.secretAccessKey)
    }
}

extension BlockingPool {
    static let forTests = Result { try BlockingPool(name: "objects", threadCount: 2, queueCountMax: 1_000) }
}

extension OpenedObject {
    func bytes() async throws -> [UInt8] { try await body.collect(bytesMax: 64 * 1024 * 1024) }
}

/// A body that comes in pieces.
func streamed(_ chunks: [[UInt8]], length: Int? = nil, breaksOff: Bool = false) -> HTTPBody {
    var rest = chunks.makeIterator()
    let iterator = Rest { rest.next() }
    return .stream(length: length ?? chunks.reduce(0) { $0 + $1.count }) {
        if let chunk = await iterator.next() { return chunk }
        if breaksOff { throw HTTPBodyError.interrupted }
        return nil
    }
}

private actor Rest {
    private let take: () -> [UInt8]?
    init(_ take: sending @escaping () -> [UInt8]?) { self.take = take }
    func next() -> [UInt8]? { take() }
}
