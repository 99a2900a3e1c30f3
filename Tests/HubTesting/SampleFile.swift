internal import EventLoop
internal import Foundation
internal import Subprocess
internal import Testing

/// Files that ffmpeg makes for a test.
public enum SampleFile {
    /// A video with sound.
    /// - Parameter name: its extension selects the format.
    public static func film(_ name: String, seconds: Int = 2, _ more: [String] = []) async throws -> [UInt8] {
        try await make(
            [
                "-f", "lavfi", "-i", "testsrc=size=321x240:rate=10:duration=\(seconds)", "-f", "lavfi", "-i",
                "sine=duration=\(seconds)",
            ] + more, name)
    }

    /// - Parameter arguments: for ffmpeg, but for the file it writes.
    public static func make(_ arguments: [String], _ name: String) async throws -> [UInt8] {
        let folder = NSTemporaryDirectory() + "hub-sample-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pool = try BlockingPool(name: "sample", threadCount: 1, queueCountMax: 1)
        let outcome = try await Subprocess(
            "/usr/bin/ffmpeg", ["-v", "error"] + arguments + ["\(folder)/\(name)"], limits: .init(timeMax: .seconds(60))
        ).run(on: pool)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
    }
}
