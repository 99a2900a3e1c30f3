public import Contracts
internal import Foundation

/// The golden bytes of events from ContractsTests.
public enum GoldenBytes {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "ContractsTests/Goldens")

    /// The example of the latest version of an event.
    public static func latest(of event: any Event.Type) throws -> [UInt8] {
        var version = 1
        while FileManager.default.fileExists(atPath: file(event, version + 1).path()) { version += 1 }
        let digits = try String(contentsOf: file(event, version), encoding: .utf8).compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func file(_ event: any Event.Type, _ version: Int) -> URL {
        folder.appending(path: "\(event.topic.name).\(version).hex")
    }
}
