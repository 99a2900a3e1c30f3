#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Finds the description of the API, which is a file beside the program and not part of it.
enum APIDescription {
    private static let name = "openapi.yaml"

    /// Blocks: reads files.
    /// - Parameter path: as configured; nil to look for it above the program.
    /// - Returns: nil when there is none where nobody said there was one.
    /// - Throws: the file system's error when the configured file cannot be read.
    static func read(_ path: String?) throws -> [UInt8]? {
        if let path { return Array(try Data(contentsOf: URL(filePath: path))) }
        var folder = URL(filePath: CommandLine.arguments.first ?? ".").deletingLastPathComponent()
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            folder = URL(filePath: program).deletingLastPathComponent()
        }
        for _ in 0..<8 {
            if let data = try? Data(contentsOf: folder.appending(path: name)) { return Array(data) }
            folder = folder.deletingLastPathComponent()
        }
        return nil
    }
}
