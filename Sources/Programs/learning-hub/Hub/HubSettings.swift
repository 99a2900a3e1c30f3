internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The settings as this process sees them.
enum HubSettings {
    private static let file = ".env"

    /// - Parameter commandLine: values from flags.
    /// - Throws: ``CommandFailure`` for a file that cannot be read: without its settings the hub would be another one.
    static func read(commandLine: [String: String] = [:]) throws -> Settings {
        try Settings(
            commandLine: commandLine, environment: ProcessInfo.processInfo.environment, file: try textOfFile())
    }

    /// Whether DATABASE_URL is set.
    static var namesDatabase: Bool { get throws { try read().isSet(PlatformSettings.databaseURL) } }

    /// nil when there is no file; a folder of that name belongs to something else.
    private static func textOfFile() throws -> String? {
        guard FileManager.default.fileExists(atPath: file), !isFolder(at: file) else { return nil }
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw CommandFailure("\(file) in this folder cannot be read. See its owner and mode.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("\(file) in this folder is not UTF-8 text.")
        }
        return text
    }
}

extension Settings {
    /// Whether it is set explicitly.
    func isSet<Value>(_ setting: Setting<Value>) -> Bool { source(of: setting.declaration) != .standard }
}
