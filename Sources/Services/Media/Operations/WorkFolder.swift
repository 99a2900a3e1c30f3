internal import EventLoop
internal import HTTP
internal import ObjectStore
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A folder of the machine in which ffmpeg works on one medium: it reads and writes files, and no objects.
struct WorkFolder: Sendable {
    let path: String
    private let files: FolderStore
    private let pool: BlockingPool

    init(pool: BlockingPool) {
        path = FileManager.default.temporaryDirectory.path + "/hub-media-\(SecureRandom.token(byteCount: 12))"
        files = FolderStore(path: path, pool: pool)
        self.pool = pool
    }

    /// Copies an object into a file.
    /// - Returns: the file's path.
    func fetch(_ key: ObjectKey, from objects: any ObjectStore) async throws -> String {
        guard let opened = try await objects.get(key) else { throw MediaError.notFound }
        _ = try await files.put(opened.body, at: try ObjectKey("input"), contentType: "", sha256: nil)
        return "\(path)/input"
    }

    /// The bytes of a file, read as they are sent.
    func body(of name: String) async throws -> HTTPBody {
        guard let opened = try await files.get(try ObjectKey(name)) else { throw MediaError.notFound }
        return opened.body
    }

    /// Never fails: what stays is the machine's to tidy.
    func remove() async {
        _ = try? await pool.run { [path] in try FileManager.default.removeItem(atPath: path) }
    }
}
