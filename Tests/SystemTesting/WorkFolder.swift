public import Foundation
internal import Synchronization

/// The working folder of programs under test. It is deleted with its last reference, unless a test failed: then it
/// is kept for inspection.
public final class WorkFolder: Sendable {
    public let url: URL
    private let isDone = Atomic(false)

    public init(_ purpose: String) throws {
        // A short path, because socket paths are limited. Accessible to the user that runs the database.
        url = URL(filePath: "/tmp/hub-\(purpose)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { if isDone.load(ordering: .acquiring) { try? FileManager.default.removeItem(at: url) } }

    /// The folder need not be kept.
    public func finish() { isDone.store(true, ordering: .releasing) }

    public func file(_ path: String) -> URL { url.appending(path: path) }
}
