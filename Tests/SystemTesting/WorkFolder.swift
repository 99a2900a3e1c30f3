public import Foundation
internal import Synchronization

/// A folder that programs under test work in. It is removed with the last who knows it, unless something went wrong in it: then it
/// is left to be looked at.
public final class WorkFolder: Sendable {
    public let url: URL
    private let isDone = Atomic(false)

    public init(_ purpose: String) throws {
        // Short: a socket's path is limited. Reachable by the user that runs the database.
        url = URL(filePath: "/tmp/hub-\(purpose)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { if isDone.load(ordering: .acquiring) { try? FileManager.default.removeItem(at: url) } }

    /// Nobody will want to look at it.
    public func finish() { isDone.store(true, ordering: .releasing) }

    public func file(_ path: String) -> URL { url.appending(path: path) }
}
