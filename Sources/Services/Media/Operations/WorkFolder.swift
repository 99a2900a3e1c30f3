internal import EventLoop
internal import HTTP
internal import Messaging
internal import ObjectStore
internal import Observability
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A temporary folder in which ffmpeg works on one medium: it only accesses files, not the object store.
struct WorkFolder: Sendable {
    private static let prefix = "hub-media-"
    /// Folders older than this are abandoned: no run takes longer.
    static let timeMax = Duration.seconds(3 * 3_600)

    let path: String
    private let files: FolderStore
    private let pool: BlockingPool
    private let loops: EventLoopGroup

    init(pool: BlockingPool, loops: EventLoopGroup) {
        path = FileManager.default.temporaryDirectory.path + "/\(Self.prefix)\(SecureRandom.token(byteCount: 12))"
        files = FolderStore(path: path, pool: pool)
        self.pool = pool
        self.loops = loops
    }

    /// Copies an object into a file.
    /// - Returns: the file's path.
    func fetch(_ key: ObjectKey, from objects: any ObjectStore) async throws -> String {
        guard let opened = try await objects.get(key) else { throw MediaError.notFound }
        do {
            _ = try await files.put(opened.body, at: try ObjectKey("input"), contentType: "", sha256: nil)
        } catch ObjectStoreError.bodyInterrupted {
            throw Failure.dependencyDown("the original could not be read to its end")
        }
        return "\(path)/input"
    }

    /// A file's bytes, read while they are sent.
    func body(of name: String) async throws -> HTTPBody {
        guard let opened = try await files.get(try ObjectKey(name)) else { throw MediaError.notFound }
        return opened.body
    }

    /// Works also for a cancelled task. Never fails: remaining files are deleted later as abandoned.
    func remove() async {
        _ = try? await loops.next().shielded("the removal of a work folder") { [pool, path] in
            try await pool.run { try FileManager.default.removeItem(atPath: path) }
        }
    }

    /// Deletes abandoned folders of killed processes. Folders that may still be in use are kept.
    /// - Parameter time: from the machine's clock, like file timestamps.
    static func removeAbandoned(
        in parent: URL = FileManager.default.temporaryDirectory, at time: Date = WallClock.date
    ) {
        let files = FileManager.default, since = time.addingTimeInterval(-(timeMax / .seconds(1)))
        for name in (try? files.contentsOfDirectory(atPath: parent.path)) ?? [] where name.hasPrefix(prefix) {
            let folder = parent.appending(path: name)
            let changed = try? files.attributesOfItem(atPath: folder.path)[.modificationDate] as? Date
            if let changed, changed < since { try? files.removeItem(at: folder) }
        }
    }
}
