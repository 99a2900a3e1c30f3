internal import Foundation

/// A small file system in memory. It needs rights that in most cases only root has.
public struct SmallDisk: Sendable {
    public let path: String

    /// Why it is not available here; nil if it is.
    public static let obstacle: String? = {
        do {
            let disk = try SmallDisk(mebibytes: 1)
            disk.remove()
            return nil
        } catch { return "no file system can be mounted here: \(error)" }
    }()

    private struct CannotMount: Error, CustomStringConvertible { let description: String }

    /// - Parameter user: the owner; nil for the user of this process.
    public init(mebibytes: Int, user: String? = nil) throws {
        path = NSTemporaryDirectory() + "hub-disk-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        do {
            try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=700", "tmpfs", path])
            if let user { try Self.run(["chown", user, path]) }
        } catch {
            remove()
            throw error
        }
    }

    /// Fills the file system.
    public func fill() throws {
        let file = open(filler, O_WRONLY | O_CREAT, 0o600)
        guard file >= 0 else { throw CannotFill(errno: errno) }
        defer { close(file) }
        for count in [1 << 20, 1] {
            let bytes = [UInt8](repeating: 0, count: count)
            while write(file, bytes, count) > 0 {}
            guard errno == ENOSPC else { throw CannotFill(errno: errno) }
        }
    }

    /// Frees the space.
    public func clear() throws { try FileManager.default.removeItem(atPath: filler) }

    private var filler: String { path + "/filler" }
    private struct CannotFill: Error { let errno: Int32 }

    public func remove() {
        try? Self.run(["umount", "--lazy", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ command: [String]) throws {
        let process = Process(), errors = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CannotMount(description: String(decoding: text, as: UTF8.self))
        }
    }
}
