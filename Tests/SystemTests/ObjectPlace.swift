import EventLoop
import Foundation
import HTTP
import HubTesting
import ObjectStore
import SystemTesting

/// Where a hub keeps files: in its data folder, or in a bucket of S3.
enum ObjectPlace: CaseIterable {
    case folder, bucket

    func settings() async throws -> [String: String] {
        if self == .folder { return [:] }
        let server = try await S3Server.shared
        return [
            "S3_BUCKET": server.bucket, "S3_ENDPOINT": server.endpoint, "AWS_REGION": server.region,
            "AWS_ACCESS_KEY_ID": server.accessKeyID, "AWS_SECRET_ACCESS_KEY": server.secretAccessKey,
        ]
    }

    /// Everything in it, with its name.
    func all(of hub: HubUnderTest) async throws -> [(name: String, bytes: [UInt8])] {
        switch self {
        case .folder:
            let folder = URL(filePath: hub.dataFolder).appending(path: "objects")
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).map {
                ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
            }
        case .bucket:
            let server = try await S3Server.shared, client = HTTPClient(loops: TestLoops.shared)
            let store = try S3Store(
                .init(
                    endpoint: server.endpoint, bucket: server.bucket, region: server.region,
                    accessKeyID: server.accessKeyID, secretAccessKey: server.secretAccessKey),
                client: client, now: { Date() })
            var all: [(String, [UInt8])] = [], last: ObjectKey?
            repeat {
                let page = try await store.list(prefix: "", after: last, countMax: 1_000)
                last = page.last?.key
                for object in page {
                    guard let opened = try await store.get(object.key) else { continue }
                    all.append((object.key.text, try await opened.body.collect(bytesMax: 64 << 20)))
                }
            } while last != nil
            await client.close()
            return all
        }
    }
}
