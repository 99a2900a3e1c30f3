internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The settings as this process sees them.
enum HubSettings {
    /// - Parameter commandLine: values from flags.
    static func read(commandLine: [String: String] = [:]) throws -> Settings {
        let file = FileManager.default.contents(atPath: ".env").map { String(decoding: $0, as: UTF8.self) }
        return try Settings(commandLine: commandLine, environment: ProcessInfo.processInfo.environment, file: file)
    }
}

extension Settings {
    /// Whether it is set explicitly.
    func isSet<Value>(_ setting: Setting<Value>) -> Bool { source(of: setting.declaration) != .standard }
}
